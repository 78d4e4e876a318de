//! Markup as it is written: every tag is closed, and nothing that a store said is taken for markup.

use std::fmt::{Display, Write};

/// Markup under construction.
#[derive(Debug, Default)]
pub struct Page {
    out: String,
    open: Vec<&'static str>,
}

impl Page {
    /// Begins an element; attributes follow, then its content.
    pub fn el(&mut self, tag: &'static str) -> Element<'_> {
        self.out.push('<');
        self.out.push_str(tag);
        Element { page: self, tag }
    }

    /// Text, escaped.
    pub fn text(&mut self, text: impl Display) -> &mut Self {
        escape(&mut self.out, &text.to_string());
        self
    }

    /// Ends the innermost element.
    ///
    /// # Panics
    /// If none is open.
    pub fn end(&mut self) {
        let tag = self.open.pop().expect("an element is open");
        let _ = write!(self.out, "</{tag}>");
    }

    /// Begins a table in a part of its own that scrolls by itself; rows follow, then [`Page::end_table`].
    pub fn table(&mut self, label: &str, class: &str, titles: &[&str]) {
        let part = self.el("div").class(format!("scroll {class}").trim());
        let part = part.at("tabindex", 0).at("role", "region");
        part.at("aria-label", label).open();
        self.el("table").open();
        self.el("thead").open();
        self.el("tr").open();
        for title in titles {
            self.el("th").at("scope", "col").text(title);
        }
        self.end();
        self.end();
        self.el("tbody").open();
    }

    /// Ends a table.
    ///
    /// # Panics
    /// If none is open.
    pub fn end_table(&mut self) {
        self.end();
        self.end();
        self.end();
    }

    /// Text of our own that is markup, style or script already.
    pub(super) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// The whole; everything that was opened has been closed.
    pub(super) fn done(self) -> String {
        debug_assert!(self.open.is_empty(), "open: {:?}", self.open);
        self.out
    }
}

/// A tag that is being written.
#[derive(Debug)]
pub struct Element<'p> {
    page: &'p mut Page,
    tag: &'static str,
}

impl<'p> Element<'p> {
    /// An attribute.
    pub fn at(self, name: &str, value: impl Display) -> Self {
        let _ = write!(self.page.out, " {name}=\"");
        escape(&mut self.page.out, &value.to_string());
        self.page.out.push('"');
        self
    }

    /// The attribute `class`.
    pub fn class(self, names: impl Display) -> Self {
        self.at("class", names)
    }

    /// An attribute without a value.
    pub fn flag(self, name: &str) -> Self {
        self.page.out.push(' ');
        self.page.out.push_str(name);
        self
    }

    /// An attribute, if there is a value.
    pub fn maybe(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.at(name, value),
            None => self,
        }
    }

    /// Its content follows, until [`Page::end`].
    pub fn open(self) -> &'p mut Page {
        self.page.out.push('>');
        self.page.open.push(self.tag);
        self.page
    }

    /// An element of HTML that has no content and no end.
    pub fn void(self) {
        self.page.out.push('>');
    }

    /// An element of SVG without content.
    pub fn empty(self) {
        self.page.out.push_str("/>");
    }

    /// An element with nothing but text.
    pub fn text(self, text: impl Display) {
        self.open().text(text).end();
    }
}

/// A position in a drawing, to a tenth of its unit.
pub(super) fn px(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    format!("{tenths}")
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            c if commands(c) => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
}

/// Whether a character changes how others look or are read, and is not seen itself.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Text with invisible characters shown by their names, so that its length is the one that is seen.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if commands(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_store_said_is_never_markup() {
        let mut page = Page::default();
        let hostile = "</script><img src=\"x\" onerror='1'>&\u{202e}\u{1b}[0m\0";
        page.el("p").at("title", hostile).text(hostile);
        let said = "&lt;/script&gt;&lt;img src=&quot;x&quot; onerror=&#39;1&#39;&gt;&amp;\\u{202e}\\u{1b}[0m\\u{0}";
        assert_eq!(page.done(), format!("<p title=\"{said}\">{said}</p>"));
    }

    #[test]
    fn what_is_not_seen_is_named() {
        assert_eq!(visible("a\u{200b}b\tü"), "a\\u{200b}b\\u{9}ü");
    }

    #[test]
    fn elements_close_in_order() {
        let mut page = Page::default();
        page.el("a")
            .open()
            .el("b")
            .flag("hidden")
            .open()
            .text(1)
            .end();
        page.el("br").void();
        page.el("path")
            .maybe("d", Some(2))
            .maybe("e", None::<u8>)
            .empty();
        page.end();
        assert_eq!(page.done(), "<a><b hidden>1</b><br><path d=\"2\"/></a>");
    }

    #[test]
    fn positions_are_short() {
        assert_eq!([px(3.0), px(2.25), px(-0.04)], ["3", "2.3", "-0"]);
    }
}
