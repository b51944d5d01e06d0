package edit

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Each case is a sentence of the contract, or a way in which models get it wrong.
var replaceCases = []struct {
	name      string
	text      string
	old, new  string
	all       bool
	want      string // "" where it fails
	tolerated string // joined by "; "
	fails     []string
}{
	// exact
	{name: "one place", text: "a\nb\nc\n", old: "b", new: "x", want: "a\nx\nc\n"},
	{name: "within a line", text: "foo(a, b)\n", old: "a, b", new: "b, a", want: "foo(b, a)\n"},
	{name: "to nothing", text: "a\nb\nc\n", old: "b\n", new: "", want: "a\nc\n"},
	{name: "the whole text", text: "a", old: "a", new: "b", want: "b"},
	{name: "several lines", text: "a\nb\nc\nd\n", old: "b\nc\n", new: "x\n", want: "a\nx\nd\n"},
	{name: "exact beats tolerated", text: "\tfoo\n    foo\n", old: "    foo\n", new: "    bar\n", want: "\tfoo\n    bar\n"},
	{name: "characters, not bytes", text: "naïve café\n", old: "café", new: "thé", want: "naïve thé\n"},
	{name: "twice", text: "a\nx\na\n", old: "a", new: "b", fails: []string{"2 places (lines 1, 3)"}},
	{name: "twice in a line", text: "a a\n", old: "a", new: "b", fails: []string{"2 places (line 1)"}},
	{name: "overlapping is twice", text: "aaa\n", old: "aa", new: "b", fails: []string{"2 places"}},
	{name: "overlapping lines are twice", text: "x\nx\nx\n", old: "x\nx\n", new: "y\n", fails: []string{"2 places (lines 1, 2)"}},
	{name: "all", text: "a b a\n", old: "a", new: "c", all: true, want: "c b c\n"},
	{name: "all of one", text: "a b\n", old: "a", new: "c", all: true, want: "c b\n"},
	{name: "all of none", text: "a b\n", old: "zzz", new: "c", all: true, fails: []string{"not in the file"}},
	{name: "all, the new has the old", text: "a a\n", old: "a", new: "aa", all: true, want: "aa aa\n"},
	{name: "dollar and backslash are plain", text: "x\n", old: "x", new: `$1 \n \\`, want: "$1 \\n \\\\\n"},
	{name: "equal", text: "a\n", old: "a", new: "a", fails: []string{"nothing would change"}},
	{name: "equal but for line ends", text: "a\r\nb\r\n", old: "a\nb\n", new: "a\r\nb\r\n", fails: []string{"nothing would change"}},
	{name: "equal after the ladder", text: "\ta\n\tb\n", old: "  1\t\ta\n  2\t\tb", new: "\ta\n\tb", fails: []string{"nothing would change"}},
	{name: "empty old", text: "a\n", old: "", new: "b", fails: []string{"old_string is empty"}},
	{name: "empty file", text: "", old: "a", new: "b", fails: []string{"The file is empty"}},

	// line ends
	{name: "CRLF file, LF edit", text: "a\r\nb\r\nc\r\n", old: "a\nb\n", new: "a\nx\ny\n", want: "a\r\nx\r\ny\r\nc\r\n", tolerated: "line ends (the file's are kept)"},
	{name: "LF file, CRLF edit", text: "a\nb\nc\n", old: "a\r\nb\r\n", new: "a\r\nx\r\n", want: "a\nx\nc\n", tolerated: "line ends (the file's are kept)"},
	{name: "CRLF file, CRLF edit", text: "a\r\nb\r\n", old: "a\r\nb", new: "a\r\nc", want: "a\r\nc\r\n"},
	{name: "CRLF file, one line becomes two", text: "a\r\nb\r\n", old: "b", new: "b\nc", want: "a\r\nb\r\nc\r\n"},
	{name: "CRLF file, the first line becomes two", text: "a\r\nb\r\n", old: "a", new: "x\na", want: "x\r\na\r\nb\r\n"},
	{name: "LF file, new CRLF lines", text: "a\nb\n", old: "b", new: "b\r\nc", want: "a\nb\nc\n"},
	{name: "mixed: each line keeps its own", text: "a\r\nb\nc\r\nd\n", old: "a\nb\nc\nd\n", new: "A\nB\nC\nD\n", want: "A\r\nB\nC\r\nD\n", tolerated: "line ends (the file's are kept)"},
	{name: "mixed: new lines take the neighbour's", text: "a\r\nb\nc\r\n", old: "b\n", new: "b\nb2\nb3\n", want: "a\r\nb\nb2\nb3\nc\r\n"},
	{name: "mixed: lines between kept ones", text: "a\r\nb\nc\r\nd\n", old: "a\nb\nc\n", new: "a\nx\ny\nc\n", want: "a\r\nx\ny\nc\r\nd\n", tolerated: "line ends (the file's are kept)"},
	{name: "mixed: a line goes", text: "a\r\nb\nc\r\nd\n", old: "a\nb\nc\n", new: "a\nc\n", want: "a\r\nc\r\nd\n", tolerated: "line ends (the file's are kept)"},
	{name: "one line without any line end", text: "a", old: "a", new: "a\r\nb", want: "a\r\nb"},
	{name: "old begins with a line end", text: "a\r\nb\r\n", old: "\nb", new: "\nx", want: "a\r\nx\r\n", tolerated: "line ends (the file's are kept)"},
	{name: "old begins with a line end that goes", text: "a\r\nb\r\n", old: "\nb", new: "b", want: "ab\r\n", tolerated: "line ends (the file's are kept)"},
	{name: "CRLF all", text: "a\r\nb\r\na\r\nb\r\n", old: "a\nb\n", new: "c\n", all: true, want: "c\r\nc\r\n", tolerated: "line ends (the file's are kept)"},
	{name: "CRLF twice", text: "a\r\nb\r\na\r\nb\r\n", old: "a\nb\n", new: "c\n", fails: []string{"2 places (lines 1, 3)"}},
	{name: "a lone CR is a character", text: "a\rb\n", old: "a\rb", new: "a\rc", want: "a\rc\n"},

	// the last newline
	{name: "last newline only in old", text: "a\nfoo", old: "foo\n", new: "bar\n", want: "a\nbar", tolerated: "a last newline that the file does not have"},
	{name: "last newline only in old, new without", text: "a\nfoo", old: "foo\n", new: "bar", want: "a\nbar", tolerated: "a last newline that the file does not have"},
	{name: "last newline, several lines", text: "a\nfoo", old: "a\nfoo\n", new: "b\nbar\nbaz\n", want: "b\nbar\nbaz", tolerated: "a last newline that the file does not have"},
	{name: "last newline in CRLF", text: "a\r\nfoo", old: "a\nfoo\n", new: "b\nfoo\n", want: "b\r\nfoo", tolerated: "line ends (the file's are kept); a last newline that the file does not have"},
	{name: "missing last newline stays", text: "a\nfoo", old: "foo", new: "bar", want: "a\nbar"},
	{name: "missing last newline stays behind new lines", text: "a\nfoo", old: "foo", new: "foo\nbar", want: "a\nfoo\nbar"},
	{name: "last line goes", text: "a\nfoo", old: "foo\n", new: "", want: "a\n", tolerated: "a last newline that the file does not have"},
	{name: "last newline does not fit within a line", text: "foo(1)\n", old: "foo\n", new: "bar\n", fails: []string{"not in the file", "line 1"}},
	{name: "last newline only at the end", text: "foo x\nfoo", old: "foo\n", new: "bar\n", want: "foo x\nbar", tolerated: "a last newline that the file does not have"},
	{name: "last newline, all", text: "foo\nx\nfoo", old: "foo\n", new: "bar\n", all: true, want: "bar\nx\nbar", tolerated: "a last newline that the file does not have"},

	// line numbers of read_file
	{name: "numbers", text: "a\nb\nc\n", old: "     2\tb\n     3\tc\n", new: "b\nx\n", want: "a\nb\nx\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers in both", text: "a\nb\nc\n", old: "     2\tb\n     3\tc\n", new: "     2\tb\n     3\tx\n", want: "a\nb\nx\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers, the first cut", text: "a\nb\nc\n", old: "2\tb\n     3\tc", new: "2\tB\n     3\tc", want: "a\nB\nc\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers, a line more in new", text: "a\nb\n", old: "     1\ta\n     2\tb", new: "     1\ta\n     2\tx\n     3\tb", want: "a\nx\nb\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers, new lines without", text: "a\nb\n", old: "     1\ta\n     2\tb", new: "     1\ta\nx\n     2\tb", want: "a\nx\nb\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers, an empty line trimmed", text: "a\n\nb\n", old: "     1\ta\n     2\n     3\tb", new: "a\nb", want: "a\nb\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers with tabs behind", text: "\tif x {\n\t\ty()\n\t}\n", old: "     1\t\tif x {\n     2\t\t\ty()", new: "\tif x {\n\t\tz()", want: "\tif x {\n\t\tz()\n\t}\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers in a CRLF file", text: "a\r\nb\r\n", old: "     1\ta\n     2\tb\n", new: "     1\ta\n     2\tc\n", want: "a\r\nc\r\n", tolerated: "line numbers of read_file (left out); line ends (the file's are kept)"},
	{name: "numbers and trailing white space", text: "a  \nb\n", old: "     1\ta\n     2\tb", new: "a\nc", want: "a  \nc\n", tolerated: "line numbers of read_file (left out); trailing white space"},
	{name: "numbers that are the file's own", text: "1\ta\n2\tb\n", old: "1\ta\n2\tb\n", new: "1\ta\n2\tc\n", want: "1\ta\n2\tc\n"},
	{name: "a table's row added", text: "a\n5\tb\n", old: "     1\ta\n     2\t5\tb", new: "     1\ta\n     2\t5\tb\n     3\t6\tc", want: "a\n5\tb\n6\tc\n", tolerated: "line numbers of read_file (left out)"},
	{name: "numbers that do not count up", text: "a\nb\n", old: "     1\ta\n     7\tb", new: "x", fails: []string{"not in the file"}},
	{name: "numbers, and another text", text: "alpha\nbeta\n", old: "     1\talpha\n     2\tbeto\n", new: "x", fails: []string{`line 2: the file has "beta" where old_string has "beto"`}},
	{name: "numbers, several places", text: "a\na\n", old: "     2\ta\n", new: "b\n", fails: []string{"2 places"}},

	// trailing white space
	{name: "trailing in the file", text: "a  \nb\t\nc\n", old: "a\nb\nc", new: "a\nx\nc", want: "a  \nx\nc\n", tolerated: "trailing white space"},
	{name: "trailing in old", text: "a\nb\n", old: "a  \nb", new: "a\nc", want: "a\nc\n", tolerated: "trailing white space"},
	{name: "trailing at the end of old", text: "x = 1\ny\n", old: "x = 1  ", new: "x = 2", want: "x = 2\ny\n", tolerated: "trailing white space"},
	{name: "trailing of old is no white space within a line", text: "x = 10\n", old: "x = 1 \n", new: "x = 2\n", fails: []string{"not in the file"}},
	{name: "blank line with blanks", text: "a\n    \nb\n", old: "a\n\nb", new: "a\n\nc", want: "a\n    \nc\n", tolerated: "trailing white space"},
	{name: "trailing in CRLF", text: "a  \r\nb\r\n", old: "a\nb\n", new: "A\nb\n", want: "A\r\nb\r\n", tolerated: "line ends (the file's are kept); trailing white space"},
	{name: "trailing, twice", text: "a \nb\na  \nb\n", old: "a\nb\n", new: "c\n", fails: []string{"2 places (lines 1, 3)"}},
	{name: "trailing within the file's line stays", text: "a \nb  \n", old: "a\nb", new: "a\nc", want: "a \nc  \n", tolerated: "trailing white space"},
	{name: "trailing at the end of both", text: "a\t\n", old: "a ", new: "b", want: "b\n", tolerated: "trailing white space"},
	{name: "only white space never fits loosely", text: "a\n\t\nb\n", old: "  \n", new: "x\n", fails: []string{"not in the file"}},

	// leading white space
	{name: "shifted right", text: "    if x:\n        y()\n", old: "if x:\n    y()\n", new: "if x:\n    z()\n", want: "    if x:\n        z()\n", tolerated: "leading white space (the file has 4 spaces more)"},
	{name: "shifted left", text: "if x:\n    y()\n", old: "    if x:\n        y()\n", new: "    if x:\n        z()\n        w()\n", want: "if x:\n    z()\n    w()\n", tolerated: "leading white space (the file has 4 spaces less)"},
	{name: "shifted left, not to the margin", text: "  if x:\n      y()\n", old: "    if x:\n        y()\n", new: "    if x:\n        z()\n", want: "  if x:\n      z()\n", tolerated: "leading white space (the file has 2 spaces less)"},
	{name: "shifted by tabs", text: "\t\tif x {\n\t\t\ty()\n\t\t}\n", old: "\tif x {\n\t\ty()\n\t}\n", new: "\tif x {\n\t\tz()\n\t}\n", want: "\t\tif x {\n\t\t\tz()\n\t\t}\n", tolerated: "leading white space (the file has a tab more)"},
	{name: "shifted, blank lines stay blank", text: "  a\n\n  b\n", old: "a\n\nb\n", new: "a\n\nx\n\nb\n", want: "  a\n\n  x\n\n  b\n", tolerated: "leading white space (the file has 2 spaces more)"},
	{name: "shifted unevenly", text: "  a\n    b\n", old: "a\nb\n", new: "c\n", fails: []string{"not in the file", "line 2: the file has 4 spaces where old_string has no white space"}},
	{name: "shifted less than new has", text: "a\n  b\n", old: "    a\n      b\n", new: "    a\n  c\n", fails: []string{"not in the file"}},
	{name: "shifted, one of two", text: "  a\n  b\n    a\n   b\n", old: " a\n b\n", new: " c\n", want: " c\n    a\n   b\n"[0:0] + "  c\n    a\n   b\n", tolerated: "leading white space (the file has a space more)"},
	{name: "shifted, two", text: "  a\n  b\n    a\n    b\n", old: " a\n b\n", new: " c\n", fails: []string{"2 places (lines 1, 3)"}},
	{name: "shifted, all", text: "  a\n  b\n    a\n    b\n", old: " a\n b\n", new: " c\n", all: true, want: "  c\n    c\n", tolerated: "leading white space (the file has a space more); leading white space (the file has 3 spaces more)"},
	{name: "shifted, trailing too", text: "    a \n    b\n", old: "a\nb\n", new: "a\nc\n", want: "    a \n    c\n", tolerated: "trailing white space; leading white space (the file has 4 spaces more)"},
	{name: "shifted in CRLF", text: "  a\r\n  b\r\n", old: "a\nb\n", new: "a\nc\n", want: "  a\r\n  c\r\n", tolerated: "line ends (the file's are kept); leading white space (the file has 2 spaces more)"},

	// the other unit
	{name: "tabs in the file, 4 spaces in old", text: "func f() {\n\tif x {\n\t\ty()\n\t}\n}\n", old: "    if x {\n        y()\n    }\n", new: "    if x {\n        z()\n        if w {\n            v()\n        }\n    }\n", want: "func f() {\n\tif x {\n\t\tz()\n\t\tif w {\n\t\t\tv()\n\t\t}\n\t}\n}\n", tolerated: "indentation (the file has a tab where the edit has 4 spaces; the new lines are turned likewise)"},
	{name: "tabs in the file, 2 spaces in old", text: "f {\n\ta\n\t\tb\n}\n", old: "  a\n    b\n", new: "  a\n    c\n", want: "f {\n\ta\n\t\tc\n}\n", tolerated: "indentation (the file has a tab where the edit has 2 spaces; the new lines are turned likewise)"},
	{name: "4 spaces in the file, tabs in old", text: "def f():\n    if x:\n        y()\n", old: "\tif x:\n\t\ty()\n", new: "\tif x:\n\t\tz()\n\t\t\tw()\n", want: "def f():\n    if x:\n        z()\n            w()\n", tolerated: "indentation (the file has 4 spaces where the edit has a tab; the new lines are turned likewise)"},
	{name: "2 spaces in the file, 4 in old", text: "f {\n  a {\n    b\n  }\n}\n", old: "f {\n    a {\n        b\n", new: "f {\n    a {\n        c\n", want: "f {\n  a {\n    c\n  }\n}\n", tolerated: "indentation (the file has 2 spaces where the edit has 4 spaces; the new lines are turned likewise)"},
	{name: "other unit, the first line begins behind its indentation", text: "f {\n\tif x {\n\t\ty()\n\t}\n}\n", old: "if x {\n        y()\n    }", new: "if x {\n        z()\n    }", want: "f {\n\tif x {\n\t\tz()\n\t}\n}\n", tolerated: "indentation (the file has a tab where the edit has 4 spaces; the new lines are turned likewise)"},
	{name: "other unit, new already in the file's", text: "f {\n\ta\n\tb\n}\n", old: "f {\n    a\n", new: "f {\n\tc\n", want: "f {\n\tc\n\tb\n}\n", tolerated: "indentation (the file has a tab where the edit has 4 spaces; the new lines are turned likewise)"},
	{name: "other unit, a block comment", text: "f {\n\t/*\n\t * a\n\t */\n\tb\n}\n", old: "    /*\n     * a\n     */\n    b\n", new: "    /*\n     * x\n     */\n    b\n", want: "f {\n\t/*\n\t * x\n\t */\n\tb\n}\n", tolerated: "indentation (the file has a tab where the edit has 4 spaces; the new lines are turned likewise)"},
	{name: "a file that mixes both", text: "\tif x\n\t\ty\n    z\n", old: "    if x\n        y\n", new: "w\n", fails: []string{"line 1: the file has a tab where old_string has 4 spaces"}},
	{name: "the line of the contract", text: strings.Repeat("x\n", 13) + "\tfoo()\n  bar()\n", old: "    foo()\n  bar()", new: "baz()", fails: []string{"line 14: the file has a tab where old_string has 4 spaces"}},
	{name: "other unit, unevenly deep", text: "f\n\ta\n\t\tb\n", old: "    a\n    b\n", new: "c\n", fails: []string{"not in the file"}},
	{name: "other unit, new between two levels", text: "f\n\ta\n\t\tb\n", old: "    a\n        b\n", new: "    a\n      c\n", fails: []string{"not in the file"}},
	{name: "a tab for three levels is a shift, not a unit", text: "a\n  b\n      foo\n", old: "\tfoo\n", new: "\tbar\n\t\tbaz\n", fails: []string{"not in the file"}},

	// typographic characters
	{name: "quotes in the file", text: "say(“hello”)\n", old: "say(\"hello\")", new: "say(\"bye\")", want: "say(\"bye\")\n", tolerated: "typographic quotes, dashes or spaces"},
	{name: "quotes in old", text: "it's\n", old: "it’s", new: "it is", want: "it is\n", tolerated: "typographic quotes, dashes or spaces"},
	{name: "dashes", text: "1 – 2\n", old: "1 - 2", new: "1 - 3", want: "1 - 3\n", tolerated: "typographic quotes, dashes or spaces"},
	{name: "spaces", text: "a\u00a0b\n", old: "a b", new: "c", want: "c\n", tolerated: "typographic quotes, dashes or spaces"},
	{name: "lines that new repeats stay", text: "“a”\nb\n", old: "\"a\"\nb\n", new: "\"a\"\nc\n", want: "“a”\nc\n", tolerated: "typographic quotes, dashes or spaces"},
	{name: "quotes and indentation", text: "  “a”\n  b\n", old: "\"a\"\nb\n", new: "c\nb\n", want: "  c\n  b\n", tolerated: "leading white space (the file has 2 spaces more); typographic quotes, dashes or spaces"},
	{name: "quotes twice", text: "“a”\n„a“\n", old: "\"a\"", new: "b", fails: []string{"2 places (lines 1, 2)"}},
	{name: "an accent is no typography", text: "cafe\n", old: "café", new: "x", fails: []string{"not in the file"}},
	{name: "three dots are no ellipsis", text: "wait…\n", old: "wait...", new: "x", fails: []string{"not in the file"}},

	// never by similarity
	{name: "similar", text: "func add(a, b int) int {\n\treturn a + b\n}\n", old: "func add(a, b int) int {\n\treturn a - b\n}\n", new: "x", fails: []string{"     2\t\treturn a + b", `line 2: the file has "+ b" where old_string has "- b"`}},
	{name: "letters' case", text: "Foo\n", old: "foo", new: "x", fails: []string{"not in the file"}},
	{name: "a line left out", text: "a\nb\nc\n", old: "a\nc\n", new: "x", fails: []string{"not in the file"}},
	{name: "dots for left out lines", text: "aaaaaaaa\nb\ncccccccc\n", old: "aaaaaaaa\n...\ncccccccc\n", new: "x", fails: []string{`line 2: the file has "b" where old_string has "..."`}},
	{name: "nothing like it", text: "a\nb\n", old: "qqqqqqqqqqqq", new: "x", fails: []string{"No line of its 2 lines is like it"}},
	{name: "the file ends", text: "aaaaaaaa\n", old: "aaaaaaaa\nbbbb\n", new: "x", fails: []string{`line 1: the file ends where old_string goes on with "bbbb"`}},
	{name: "made before", text: "first\nthe new line\n", old: "the old line", new: "the new line", fails: []string{"The new text is in the file already, at line 2."}},
	{name: "escaped by the model", text: "x := \"a\\nb\"\n", old: "x := \\\"a\\nb\\\"", new: "y", fails: []string{"line 1"}},
}

func TestReplace(t *testing.T) {
	for _, c := range replaceCases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Replace(c.text, Replacement{Old: c.old, New: c.new, All: c.all})
			if c.fails != nil {
				if err == nil {
					t.Fatalf("it made %q of it (%q)", got.Text, got.Tolerated)
				}
				for _, part := range c.fails {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("the error lacks %q:\n%v", part, err)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Text != c.want {
				t.Errorf("got  %q\nwant %q", got.Text, c.want)
			}
			if said := strings.Join(got.Tolerated, "; "); said != c.tolerated {
				t.Errorf("tolerated %q, want %q", said, c.tolerated)
			}
			if got.Places < 1 || got.Places > 1 && !c.all {
				t.Errorf("%d places", got.Places)
			}
		})
	}
}

// TestReplaceTwice sees that an edit that has been made does not fit once more.
func TestReplaceTwice(t *testing.T) {
	for _, c := range replaceCases {
		if c.fails != nil || c.all || strings.Contains(c.new, c.old) {
			continue
		}
		again, err := Replace(c.want, Replacement{Old: c.old, New: c.new})
		if err == nil && !slices.Contains([]string{"trailing at the end of both"}, c.name) {
			t.Errorf("%s: the second time made %q of %q", c.name, again.Text, c.want)
		}
	}
}

func TestManyPlaces(t *testing.T) {
	_, err := Replace(strings.Repeat("a\n", 5000), Replacement{Old: "a", New: "b"})
	if err == nil || !strings.Contains(err.Error(), "more than 1000 places (lines 1, 2, 3,") {
		t.Errorf("got %v", err)
	}
	if len(err.Error()) > 500 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
	got, err := Replace(strings.Repeat("a\n", 5000), Replacement{Old: "a", New: "b", All: true})
	if err != nil || got.Places != 5000 || got.Text != strings.Repeat("b\n", 5000) {
		t.Errorf("all: %d places, %v", got.Places, err)
	}
}

// TestHostileTexts sees that an edit ends soon, whatever the texts repeat.
func TestHostileTexts(t *testing.T) {
	long := strings.Repeat("a", 2<<20)
	lines := strings.Repeat("a\n", 1<<20)
	for name, c := range map[string]struct{ text, old string }{
		"one long line":             {long, strings.Repeat("a", 5000) + "b"},
		"one long line, fits often": {long, strings.Repeat("a", 5000)},
		"equal lines":               {lines, strings.Repeat("a\n", 5000) + "b\n"},
		"equal lines, shifted":      {lines, strings.Repeat(" a\n", 5000)},
		"equal lines, uneven":       {lines, " a\n" + strings.Repeat("  a\n", 5000)},
		"only white space":          {strings.Repeat(" ", 2<<20), strings.Repeat(" ", 1000) + "x"},
		"blank lines":               {strings.Repeat(" \n", 1<<20), strings.Repeat("\n", 1000)},
		"zero bytes":                {strings.Repeat("\x00", 1<<20), "\x00\x01"},
		"invalid UTF-8":             {strings.Repeat("\xff\xe2\x80", 1<<20), "\xe2\x80\xffz"},
	} {
		_, err := Replace(c.text, Replacement{Old: c.old, New: "x"})
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if len(err.Error()) > 20_000 {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
	}
}

func TestErrNothingChanged(t *testing.T) {
	_, err := Replace("a\r\nb\r\n", Replacement{Old: "a\nb\n", New: "a\r\nb\r\n"})
	if !errors.Is(err, errNothingChanged) {
		t.Errorf("got %v", err)
	}
}
