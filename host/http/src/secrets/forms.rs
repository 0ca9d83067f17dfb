//! The texts that a value may have become on its way back, before escapes of any kind: as it is, in base64 or out of it.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
    },
};
use zeroize::Zeroizing;

use super::SECRET_BYTES_MIN;

/// Reads base64 with and without its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Each form once, the longest first.
pub(super) fn of(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![Zeroizing::new(value.to_vec())];
    // What goes out as `Basic …` may come back as what it says, or without the end that only fills up.
    if let Ok(decoded) = LENIENT.decode(value).map(Zeroizing::new) {
        forms.push(decoded);
        forms.push(Zeroizing::new(without_end(value).to_vec()));
    }
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.extend((0..3).map(|before| base64(&engine, value, before)));
    }
    forms.retain(|form| form.len() >= SECRET_BYTES_MIN);
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms
}

fn without_end(mut value: &[u8]) -> &[u8] {
    while let Some(shorter) = value.strip_suffix(b"=") {
        value = shorter;
    }
    value
}

/// The digits of base64 that say nothing but the value, when `before` bytes stand before it in a group of three. At most one digit on
/// either side also holds bits of its neighbours; it is left standing, and says less than a byte.
fn base64(engine: &GeneralPurpose, value: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let shifted = Zeroizing::new([&vec![0; before][..], value].concat());
    let digits = Zeroizing::new(engine.encode(shifted.as_slice()).into_bytes());
    let first = (before * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    Zeroizing::new(digits[first..last].to_vec())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn is_found(value: &[u8], text: &[u8]) -> bool {
        of(value)
            .iter()
            .any(|form| memchr::memmem::find(text, form).is_some())
    }

    proptest! {
        #[test]
        fn found_in_base64_wherever_it_stands(
            value in proptest::collection::vec(any::<u8>(), 8..40),
            before in proptest::collection::vec(any::<u8>(), 0..7),
            after in proptest::collection::vec(any::<u8>(), 0..7),
        ) {
            let text = [&before[..], &value, &after].concat();
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD, STANDARD] {
                prop_assert!(is_found(&value, engine.encode(&text).as_bytes()));
            }
        }

        #[test]
        fn found_out_of_base64_and_without_its_end(value in "[!-~]{8,40}") {
            let (whole, bare) = (STANDARD.encode(&value), STANDARD_NO_PAD.encode(&value));
            for said in [&whole, &bare] {
                prop_assert!(is_found(said.as_bytes(), value.as_bytes()));
                prop_assert!(is_found(said.as_bytes(), bare.as_bytes()));
            }
        }

        #[test]
        fn no_form_is_so_short_that_it_stands_anywhere(value in proptest::collection::vec(any::<u8>(), 8..40)) {
            let forms = of(&value);
            prop_assert!(forms.iter().all(|form| form.len() >= 8));
            prop_assert!(forms.len() <= 9);
        }
    }
}
