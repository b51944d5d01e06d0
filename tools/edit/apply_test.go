package edit

import (
	"fmt"
	"strings"
	"testing"
)

const twoFunctions = "def a():\n    x = 1\n    return x\n\ndef b():\n    x = 1\n    return x\n"

// Each case is a patch of the file f, in either format; its head is added.
var applyCases = []struct {
	name      string
	text      string
	hunks     string // begins with "---" for a unified diff with its own head, else of *** Update File
	unified   bool
	want      string
	tolerated string
	fails     []string
}{
	// places
	{name: "one place", text: "a\nb\nc\n", hunks: "@@\n a\n-b\n+x\n c\n", want: "a\nx\nc\n"},
	{name: "only removed lines", text: "a\nb\nc\n", hunks: "@@\n-b\n", want: "a\nc\n"},
	{name: "only added lines behind context", text: "a\nb\n", hunks: "@@\n a\n+x\n", want: "a\nx\nb\n"},
	{name: "several hunks", text: "a\nb\nc\nd\ne\n", hunks: "@@\n-a\n+1\n@@\n-c\n+3\n@@\n-e\n+5\n", want: "1\nb\n3\nd\n5\n"},
	{name: "lines are whole", text: "foobar\n", hunks: "@@\n-foo\n+x\n", fails: []string{"f, hunk 1", "not in the file", "foobar"}},
	{name: "not in the file", text: "alpha\nbeta\ngamma\n", hunks: "@@\n alpha\n-beto\n+x\n", fails: []string{"f, hunk 1", "     2\tbeta", `line 2: the file has "beta" where the hunk has "beto"`}},
	{name: "the second does not fit", text: "alpha\nbeta\n", hunks: "@@\n-alpha\n+x\n@@ g\n-gamma\n+y\n", fails: []string{"f, hunk 2 (@@ g)"}},
	{name: "two places", text: "x\na\nx\n", hunks: "@@\n-x\n+y\n", fails: []string{"f, hunk 1", "2 places (lines 1, 3)"}},
	{name: "nothing changes", text: "a\n", hunks: "@@\n-a\n+a\n", fails: []string{"f: nothing would change"}},
	{name: "only context", text: "a\n", hunks: "@@\n a\n", fails: []string{"nothing would change"}},
	{name: "an empty file", text: "", hunks: "@@\n+a\n", want: "a\n"},
	{name: "context in an empty file", text: "", hunks: "@@\n a\n+b\n", fails: []string{"The file is empty"}},

	// order
	{name: "fits only before", text: "a\nb\nc\n", hunks: "@@\n-c\n+3\n@@\n-a\n+1\n", fails: []string{"f, hunk 2", "fits only before the hunk before it, at line 1", "     1\ta"}},
	{name: "fits only before, with numbers", text: "a\nb\nc\n", hunks: "@@ -3 +3 @@\n-c\n+3\n@@ -1 +1 @@\n-a\n+1\n", unified: true, fails: []string{"f, hunk 2 (@@ -1 +1 @@)", "fits only before"}},
	{name: "context shared by two hunks", text: "a\nb\nc\nd\n", hunks: "@@\n-a\n+1\n b\n c\n@@\n b\n c\n-d\n+4\n", want: "1\nb\nc\n4\n"},
	{name: "what a hunk changed is no place any more", text: "def f\nx\ny\nx\n", hunks: "@@ def f\n-x\n+1\n@@\n-x\n+2\n", want: "def f\n1\ny\n2\n"},
	{name: "one place before and one behind", text: "x\na\nx\n", hunks: "@@\n-a\n+b\n@@\n-x\n+y\n", fails: []string{"f, hunk 2", "2 places"}},

	// anchors
	{name: "anchor", text: twoFunctions, hunks: "@@ def b():\n-    x = 1\n+    x = 2\n", want: strings.Replace(twoFunctions, "b():\n    x = 1", "b():\n    x = 2", 1)},
	{name: "first anchor", text: twoFunctions, hunks: "@@ def a():\n-    x = 1\n+    x = 2\n", want: strings.Replace(twoFunctions, "a():\n    x = 1", "a():\n    x = 2", 1)},
	{name: "anchor, shortened", text: twoFunctions, hunks: "@@ def b\n-    x = 1\n+    x = 2\n", want: strings.Replace(twoFunctions, "b():\n    x = 1", "b():\n    x = 2", 1)},
	{name: "anchor, closed", text: twoFunctions, hunks: "@@ def b(): @@\n-    x = 1\n+    x = 2\n", want: strings.Replace(twoFunctions, "b():\n    x = 1", "b():\n    x = 2", 1)},
	{name: "anchor, repeated as context", text: twoFunctions, hunks: "@@ def b():\n def b():\n-    x = 1\n+    x = 2\n", want: strings.Replace(twoFunctions, "b():\n    x = 1", "b():\n    x = 2", 1)},
	{name: "anchor that is nowhere, one place", text: "a\nb\n", hunks: "@@ class Q\n-b\n+c\n", want: "a\nc\n"},
	{name: "anchor that is nowhere, two places", text: "a\na\n", hunks: "@@ class Q\n-a\n+c\n", fails: []string{"2 places"}},
	{name: "anchor that is twice", text: "f\nx\nf\nx\n", hunks: "@@ f\n-x\n+y\n", fails: []string{"2 places"}},
	{name: "anchor in an anchor", text: "class A\n def f\n  x\nclass B\n def f\n  x\n", hunks: "@@ class B\n@@  def f\n-  x\n+  y\n", want: "class A\n def f\n  x\nclass B\n def f\n  y\n"},
	{name: "anchor used by two hunks", text: "f\nx\ng\nx\nx\n", hunks: "@@ f\n-x\n+1\n@@ g\n-x\n+2\n@@ g\n-x\n+3\n", want: "f\n1\ng\n2\n3\n"},
	{name: "anchor behind all places", text: "x\nx\nf\n", hunks: "@@ f\n-x\n+1\n", fails: []string{"2 places"}},
	{name: "added lines behind an anchor", text: "a\nf:\nb\n", hunks: "@@ f:\n+new\n", want: "a\nf:\nnew\nb\n"},
	{name: "added lines behind an anchor in the last line", text: "a\nf:", hunks: "@@ f:\n+new\n", want: "a\nf:\nnew"},
	{name: "added lines, and nothing says where", text: "a\nb\n", hunks: "@@\n+new\n", fails: []string{"it only adds lines"}},

	// the end of the file
	{name: "end of file", text: "x\na\nx\n", hunks: "@@\n-x\n+y\n*** End of File\n", want: "x\na\ny\n"},
	{name: "end of file, blank lines behind", text: "x\na\nx\n\n", hunks: "@@\n-x\n+y\n*** End of File\n", want: "x\na\ny\n\n"},
	{name: "end of file that is not there", text: "a\nb\n", hunks: "@@\n-a\n+y\n*** End of File\n", fails: []string{"f, hunk 1", "*** End of File", "line 1"}},
	{name: "end of file, added lines", text: "a\n", hunks: "@@\n+b\n*** End of File\n", want: "a\nb\n"},
	{name: "end of file, added lines, no last newline", text: "a", hunks: "@@\n+b\n*** End of File\n", want: "a\nb"},
	{name: "no last newline", text: "a\nb", hunks: "@@\n a\n-b\n+c\n", want: "a\nc"},
	{name: "no last newline, lines behind", text: "a\nb", hunks: "@@\n b\n+c\n+d\n", want: "a\nb\nc\nd"},
	{name: "no last newline, CRLF, lines behind", text: "a\r\nb", hunks: "@@\n b\n+c\n", want: "a\r\nb\r\nc"},
	{name: "last newline taken away", text: "a\n", hunks: "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n", unified: true, want: "a"},
	{name: "last newline added", text: "a", hunks: "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", unified: true, want: "a\n"},
	{name: "no newline in both", text: "a", hunks: "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n", unified: true, want: "b"},

	// numbers
	{name: "at its line", text: "x\na\nx\na\nx\n", hunks: "@@ -3,2 +3,2 @@\n-x\n+y\n a\n", unified: true, want: "x\na\ny\na\nx\n"},
	{name: "wrong counts", text: "x\na\nx\na\nx\n", hunks: "@@ -3,9 +3,1 @@\n-x\n+y\n a\n", unified: true, want: "x\na\ny\na\nx\n"},
	{name: "wrong number, one place", text: "a\nb\nc\n", hunks: "@@ -70,2 +90,2 @@\n-b\n+x\n c\n", unified: true, want: "a\nx\nc\n"},
	{name: "wrong number, two places", text: "x\na\nx\na\nb\n", hunks: "@@ -2,2 +2,2 @@\n-x\n+y\n a\n", unified: true, fails: []string{"f, hunk 1 (@@ -2,2 +2,2 @@)", "2 places (lines 1, 3)"}},
	{name: "moved by the hunk before", text: "n\nn\nA\nx\nx\nx\nx\n", hunks: "@@ -1,2 +1,1 @@\n-A\n x\n@@ -3,1 +2,1 @@\n-x\n+y\n", unified: true, want: "n\nn\nx\ny\nx\nx\n"},
	{name: "zero", text: "a\nb\n", hunks: "@@ -0,0 +1 @@\n+x\n", unified: true, want: "x\na\nb\n"},
	{name: "no context, added", text: "a\nb\nc\n", hunks: "@@ -2,0 +3 @@\n+x\n", unified: true, want: "a\nb\nx\nc\n"},
	{name: "no context, at the end", text: "a\nb\n", hunks: "@@ -2,0 +3 @@\n+x\n", unified: true, want: "a\nb\nx\n"},
	{name: "no context, behind a last line without newline", text: "a\nb", hunks: "@@ -2,0 +3 @@\n+x\n", unified: true, want: "a\nb\nx"},
	{name: "no context, beyond the end", text: "a\n", hunks: "@@ -9,0 +10 @@\n+x\n", unified: true, fails: []string{"it only adds lines"}},
	{name: "no context, with old lines counted", text: "a\nb\n", hunks: "@@ -1,3 +1,4 @@\n+x\n", unified: true, fails: []string{"it only adds lines"}},
	{name: "a number beyond all", text: "a\n", hunks: "@@ -99999999999999999999,1 +1 @@\n-a\n+b\n", unified: true, want: "b\n"},
	{name: "numbers in a marked patch", text: "x\na\nx\n", hunks: "@@ -3,1 +3,1 @@\n-x\n+y\n", want: "x\na\ny\n"},
	{name: "its line and the end of file disagree", text: "x\na\nx\n", hunks: "@@ -1,1 +1,1 @@\n-x\n+y\n*** End of File\n", want: "x\na\ny\n"},

	// blank lines
	{name: "an empty line is empty context", text: "a\n\nb\n", hunks: "@@\n a\n\n-b\n+c\n", want: "a\n\nc\n"},
	{name: "an empty line at the end is none of its lines", text: "a\nb\n", hunks: "@@\n-a\n+c\n\n", want: "c\nb\n"},
	{name: "an empty line at the end is context", text: "a\nb\na\n\n", hunks: "@@\n-a\n+c\n\n@@\n", unified: false, fails: []string{"has no lines"}},
	{name: "an empty line between hunks", text: "a\nb\nc\n", hunks: "@@\n-a\n+1\n\n@@\n-c\n+3\n", want: "1\nb\n3\n"},
	{name: "an empty line that the counts leave out", text: "x\ny\nx\n\n", hunks: "@@ -1,1 +1,1 @@\n-x\n+z\n\n", unified: true, want: "z\ny\nx\n\n"},

	// the ladder
	{name: "CRLF", text: "a\r\nb\r\nc\r\n", hunks: "@@\n a\n-b\n+x\n+y\n c\n", want: "a\r\nx\r\ny\r\nc\r\n", tolerated: "hunk 1: line ends (the file's are kept)"},
	{name: "CRLF at its line", text: "x\r\na\r\nx\r\n", hunks: "@@ -3 +3 @@\n-x\n+y\n", unified: true, want: "x\r\na\r\ny\r\n", tolerated: "hunk 1: line ends (the file's are kept)"},
	{name: "mixed line ends", text: "a\r\nb\nc\r\n", hunks: "@@\n a\n-b\n+x\n c\n", want: "a\r\nx\nc\r\n", tolerated: "hunk 1: line ends (the file's are kept)"},
	{name: "trailing white space in the file stays", text: "a  \nb\n", hunks: "@@\n a\n-b\n+c\n", want: "a  \nc\n", tolerated: "hunk 1: trailing white space"},
	{name: "shifted", text: "    if x:\n        y()\n", hunks: "@@\n if x:\n-    y()\n+    z()\n+    w()\n", want: "    if x:\n        z()\n        w()\n", tolerated: "hunk 1: leading white space (the file has 4 spaces more)"},
	{name: "shifted by one, as after a doubled prefix", text: "a\nb\n", hunks: "@@\n  a\n- b\n+ c\n", want: "a\nc\n", tolerated: "hunk 1: leading white space (the file has a space less)"},
	{name: "other unit", text: "f {\n\tif x {\n\t\ty()\n\t}\n}\n", hunks: "@@\n     if x {\n-        y()\n+        z()\n     }\n", want: "f {\n\tif x {\n\t\tz()\n\t}\n}\n", tolerated: "hunk 1: indentation (the file has a tab where the edit has 4 spaces; the new lines are turned likewise)"},
	{name: "numbers of read_file", text: "a\nb\nc\n", hunks: "@@\n      1\ta\n-     2\tb\n+     2\tx\n", want: "a\nx\nc\n", tolerated: "hunk 1: line numbers of read_file (left out)"},
	{name: "quotes", text: "“a”\nb\n", hunks: "@@\n \"a\"\n-b\n+c\n", want: "“a”\nc\n", tolerated: "hunk 1: typographic quotes, dashes or spaces"},
	{name: "a number does not decide what is overlooked", text: "a \nb\na \n", hunks: "@@ -1 +1 @@\n-a\n+c\n", unified: true, fails: []string{"2 places (lines 1, 3)"}},
	{name: "tolerated in one hunk only", text: "a\nb\nc \n", hunks: "@@\n-a\n+1\n@@\n-c\n+3\n", want: "1\nb\n3\n", tolerated: "hunk 2: trailing white space"},
	{name: "tab and spaces in a file that mixes both", text: "\tfoo()\n  bar()\n", hunks: "@@\n-    foo()\n+    x()\n", fails: []string{"line 1: the file has a tab where the hunk has 4 spaces"}},
}

func TestApply(t *testing.T) {
	for _, c := range applyCases {
		t.Run(c.name, func(t *testing.T) {
			got, err := applyTo(c.text, patchOf(c.hunks, c.unified))
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
		})
	}
}

func patchOf(hunks string, unified bool) string {
	if unified {
		return "--- a/f\n+++ b/f\n" + hunks
	}
	return "*** Begin Patch\n*** Update File: f\n" + hunks + "*** End Patch\n"
}

func applyTo(text, patch string) (Result, error) {
	changes, err := Parse(patch)
	if err != nil {
		return Result{}, err
	}
	return changes[0].Apply(text)
}

func TestApplyDelete(t *testing.T) {
	const patch = "--- a/f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"
	if got, err := applyTo("a\nb\n", patch); err != nil || got.Text != "" {
		t.Errorf("got %q, %v", got.Text, err)
	}
	if _, err := applyTo("a\nb\nc\n", patch); err == nil || !strings.Contains(err.Error(), "does not have all its lines") {
		t.Errorf("a line more: %v", err)
	}
	if _, err := applyTo("a\nx\n", patch); err == nil || !strings.Contains(err.Error(), "f, hunk 1") {
		t.Errorf("another line: %v", err)
	}
}

// TestMovedWithoutHunks sees that a move or a mode needs no change of lines.
func TestMovedWithoutHunks(t *testing.T) {
	for _, patch := range []string{
		"*** Begin Patch\n*** Update File: f\n*** Move to: g\n*** End Patch\n",
		"diff --git a/f b/f\nold mode 100644\nnew mode 100755\n",
	} {
		if got, err := applyTo("a\n", patch); err != nil || got.Text != "a\n" || got.Places != 0 {
			t.Errorf("%q: %+v, %v", patch, got, err)
		}
	}
}

// TestManyHunks applies 10,000 hunks in four ways: with right and with wrong numbers,
// by context alone and by anchors.
func TestManyHunks(t *testing.T) {
	const n = 10_000
	var text, want strings.Builder
	ways := map[string]*strings.Builder{"right numbers": {}, "wrong numbers": {}, "context": {}, "anchors": {}}
	for i := range n {
		fmt.Fprintf(&text, "func f%d() {\n\ta()\n\tb()\n}\n", i)
		fmt.Fprintf(&want, "func f%d() {\n\tx()\n\tb()\n}\n", i)
		fmt.Fprintf(ways["right numbers"], "@@ -%d,2 +%d,2 @@\n-\ta()\n+\tx()\n \tb()\n", 4*i+2, 4*i+2)
		fmt.Fprintf(ways["wrong numbers"], "@@ -%d,3 +%d,3 @@\n func f%d() {\n-\ta()\n+\tx()\n \tb()\n", 2*n+i, 7, i)
		fmt.Fprintf(ways["context"], "@@\n func f%d() {\n-\ta()\n+\tx()\n", i)
		fmt.Fprintf(ways["anchors"], "@@ func f%d() {\n-\ta()\n+\tx()\n", i)
	}
	for name, hunks := range ways {
		if name == "anchors" && testing.Short() {
			continue
		}
		got, err := applyTo(text.String(), patchOf(hunks.String(), strings.Contains(name, "numbers")))
		if err != nil || got.Places != n || got.Text != want.String() {
			t.Errorf("%s: %d places, right: %v, %v", name, got.Places, got.Text == want.String(), err)
		}
	}
}
