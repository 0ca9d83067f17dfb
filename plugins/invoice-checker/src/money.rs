//! Decimal numbers with bounds, so that no sum of them can overflow. Knows nothing of invoices.

use rust_decimal::{Decimal, RoundingStrategy};

/// No amount, price or quantity is this large.
const ABSOLUTE_MAX: i64 = 1_000_000_000_000;
/// Most digits after the point.
const SCALE_MAX: u32 = 8;

/// Reads a number; the error says what is wrong with it.
pub(crate) fn number(text: &str) -> Result<Decimal, String> {
    let number =
        Decimal::from_str_exact(text).map_err(|_| format!("{text:?} is not a decimal number"))?;
    if number.abs() >= Decimal::from(ABSOLUTE_MAX) {
        return Err(format!("{text} is not less than {ABSOLUTE_MAX}"));
    }
    if number.normalize().scale() > SCALE_MAX {
        return Err(format!(
            "{text} has more than {SCALE_MAX} digits after the point"
        ));
    }
    Ok(number)
}

/// Rounded to cents, half away from zero, as invoices do.
pub(crate) fn cents(number: Decimal) -> Decimal {
    number.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(number("-12.50").unwrap(), Decimal::new(-1250, 2));
        assert_eq!(number("0.100000000000").unwrap(), Decimal::new(1, 1));
        for bad in [
            "",
            "x",
            "1,5",
            "1e9",
            "NaN",
            "1000000000000",
            "-1000000000000",
            "0.000000001",
            "99999999999999999999999999999999",
        ] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn half_a_cent_goes_away_from_zero() {
        assert_eq!(cents(Decimal::new(1005, 3)), Decimal::new(101, 2));
        assert_eq!(cents(Decimal::new(-1005, 3)), Decimal::new(-101, 2));
        assert_eq!(cents(Decimal::new(10049, 4)), Decimal::new(100, 2));
    }
}
