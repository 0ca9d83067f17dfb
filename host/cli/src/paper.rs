//! Text for a person to read: wrapped to the terminal, coloured only on one. Knows nothing of what it says.

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

/// Width of text that goes to no terminal.
const WIDTH_ELSEWHERE: usize = 100;
const WIDTH_MIN: usize = 40;
const WIDTH_MAX: usize = 120;

/// How a part of the text stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// As it is.
    Plain,
    /// A heading, or a name.
    Bold,
    /// What matters less.
    Faint,
    /// What is fine.
    Good,
    /// What needs a look.
    Warn,
    /// What is wrong, or grave.
    Bad,
}

impl Ink {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Ink::Plain => Style::new(),
            Ink::Bold => Style::new().bold(),
            Ink::Faint => Style::new().dimmed(),
            Ink::Good => colour(AnsiColor::Green),
            Ink::Warn => colour(AnsiColor::Yellow),
            Ink::Bad => colour(AnsiColor::Red).bold(),
        }
    }
}

/// Text that was put on paper: strangers' words in it steer nothing, and what colours it is ours.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// Text as it grows, line by line.
pub(crate) struct Paper {
    text: String,
    width: usize,
    coloured: bool,
}

impl Paper {
    /// For standard output as it is.
    pub(crate) fn for_stdout() -> Self {
        let width = terminal_size::terminal_size_of(std::io::stdout())
            .map_or(WIDTH_ELSEWHERE, |(width, _)| usize::from(width.0));
        let choice = anstream::AutoStream::choice(&std::io::stdout());
        Self {
            text: String::new(),
            width: width.clamp(WIDTH_MIN, WIDTH_MAX),
            coloured: !matches!(choice, ColorChoice::Never),
        }
    }

    /// One empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph, all its lines indented alike.
    pub(crate) fn put(&mut self, indent: usize, ink: Ink, text: &str) {
        self.hang(indent, "", ink, text);
    }

    /// A paragraph after a label, whose further lines stand below its text.
    pub(crate) fn hang(&mut self, indent: usize, label: &str, ink: Ink, text: &str) {
        let first = format!("{}{}", " ".repeat(indent), clean(label));
        let further = " ".repeat(textwrap::core::display_width(&first));
        let width = self.width.saturating_sub(further.len()).max(WIDTH_MIN / 2);
        // Digests and long names are not broken: a reader copies them.
        let options = textwrap::Options::new(width)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let mut start = first.as_str();
        for paragraph in clean(text).lines().map(str::to_owned).collect::<Vec<_>>() {
            for line in textwrap::wrap(&paragraph, &options) {
                self.line(start, ink, &line);
                start = &further;
            }
        }
    }

    /// Preformatted lines, indented and not wrapped.
    pub(crate) fn block(&mut self, indent: usize, ink: Ink, text: &str) {
        let indent = " ".repeat(indent);
        for line in clean(text).lines() {
            self.line(&indent, ink, line);
        }
    }

    fn line(&mut self, start: &str, ink: Ink, text: &str) {
        self.text.push_str(start);
        self.text.push_str(&self.inked(ink, text));
        self.text.push('\n');
    }

    fn inked(&self, ink: Ink, text: &str) -> String {
        if !self.coloured || ink == Ink::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = ink.style();
        format!("{}{text}{}", style.render(), style.render_reset())
    }

    /// All of it, without the last line's end.
    pub(crate) fn finish(self) -> Page {
        Page(self.text.trim_end_matches('\n').to_owned())
    }
}

/// Strangers' text without what would steer a terminal, or reorder or hide what stands on it.
pub(crate) fn clean(text: &str) -> String {
    let safe = |c: char| {
        if c != '\n' && writ_grant::is_unsafe(c) {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(safe).collect()
}

/// A doc comment's paragraphs, each on one line: where its author's editor broke lines says nothing. Lists keep theirs.
pub(crate) fn paragraphs(docs: &str) -> String {
    let mut text = String::new();
    for line in docs.lines() {
        let line = line.trim_end();
        let stands_alone = line
            .trim_start()
            .starts_with(['-', '*', '#', '|', '>', '`'])
            || line.starts_with("    ");
        match text.chars().last() {
            None | Some('\n') => {}
            Some(_) if line.is_empty() || stands_alone => text.push('\n'),
            Some(_) => text.push(' '),
        }
        text.push_str(line.trim_start());
    }
    text
}

/// A number of bytes as people say it.
pub(crate) fn bytes(number: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (step, unit) in STEPS {
        if number >= step {
            let tenths = number.saturating_mul(10) / step;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{number} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(width: usize, coloured: bool) -> Paper {
        Paper {
            text: String::new(),
            width,
            coloured,
        }
    }

    #[test]
    fn further_lines_stand_below_the_first() {
        let mut page = paper(40, false);
        page.hang(
            2,
            "because: ",
            Ink::Plain,
            "it compares each invoice with its order",
        );
        assert_eq!(
            page.finish().text(),
            "  because: it compares each invoice with\n           its order"
        );
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        let mut page = paper(40, true);
        page.put(0, Ink::Bold, "x");
        assert!(page.finish().text().starts_with("\u{1b}["));
    }

    #[test]
    fn strangers_steer_nothing() {
        let mut page = paper(80, false);
        page.put(0, Ink::Plain, "pay\u{202e}gpj\u{1b}[2J\r\tx");
        assert_eq!(
            page.finish().text(),
            "pay\u{fffd}gpj\u{fffd}[2J\u{fffd}\u{fffd}x"
        );
    }

    #[test]
    fn docs_flow() {
        assert_eq!(
            paragraphs("Files the\npayment.\n\nOr not:\n- once\n- twice\n"),
            "Files the payment.\nOr not:\n- once\n- twice"
        );
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes(1023), "1023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "1717986918.3 GiB");
    }
}
