package edit

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// section shows a change as text.
func section(c FileChange) string {
	out := fmt.Sprintf("%s %s", c.Op, c.Path)
	if c.MoveTo != "" {
		out += " -> " + c.MoveTo
	}
	if c.Mode != nil {
		out += fmt.Sprintf(" %o", *c.Mode)
	}
	if c.Op == Add {
		out += fmt.Sprintf(" %q", c.Content)
	}
	if len(c.hunks) > 0 {
		out += fmt.Sprintf(" %d hunks", len(c.hunks))
	}
	return out
}

var parseCases = []struct {
	name  string
	patch string
	want  string // sections, joined by "; "
	fails string
}{
	{name: "marked, all kinds", patch: "*** Begin Patch\n*** Add File: a.txt\n+one\n+\n+two\n*** Update File: b.txt\n@@\n-x\n+y\n*** Update File: c.txt\n*** Move to: d/c.txt\n@@ f\n x\n-y\n*** Delete File: e.txt\n*** End Patch\n", want: `add a.txt "one\n\ntwo\n"; update b.txt 1 hunks; update c.txt -> d/c.txt 1 hunks; delete e.txt`},
	{name: "marked, a move alone", patch: "*** Begin Patch\n*** Update File: a\n*** Move to: b\n*** End Patch", want: "update a -> b"},
	{name: "marked, an empty file", patch: "*** Begin Patch\n*** Add File: a\n*** End Patch", want: `add a ""`},
	{name: "marked, several hunks", patch: "*** Begin Patch\n*** Update File: a\n@@ f\n-x\n+y\n@@ g\n-x\n+y\n*** End of File\n*** End Patch", want: "update a 2 hunks"},
	{name: "marked, first hunk without @@", patch: "*** Begin Patch\n*** Update File: a\n-x\n+y\n*** End Patch", want: "update a 1 hunks"},
	{name: "marked, one @@ inside another", patch: "*** Begin Patch\n*** Update File: a\n@@ class A\n@@ def f\n-x\n+y\n*** End Patch", want: "update a 1 hunks"},
	{name: "marked, padded markers", patch: "  *** Begin Patch  \n *** Update File: a  \n@@\n-x\n+y\n  *** End Patch ", want: "update a 1 hunks"},
	{name: "marked, all padded by one", patch: " *** Begin Patch\n *** Update File: a\n @@\n -x\n +y\n *** Delete File: b\n *** End Patch", want: "update a 1 hunks; delete b"},
	{name: "marked, markers padded by one", patch: " *** Begin Patch\n *** Update File: a\n@@\n-x\n+y\n *** Update File: b\n@@\n-x\n+y\n *** End Patch", want: "update a 1 hunks; update b 1 hunks"},
	{name: "marked, a padded header between hunks", patch: "*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n *** Update File: b\n@@\n-x\n+y\n*** End Patch", want: "update a 1 hunks; update b 1 hunks"},
	{name: "marked, context that looks like a marker", patch: "*** Begin Patch\n*** Update File: a.md\n@@\n *** End Patch\n-x\n+y\n *** Delete File: q\n*** End Patch", want: "update a.md 1 hunks"},
	{name: "marked, added lines that look like markers", patch: "*** Begin Patch\n*** Add File: a.md\n+*** Begin Patch\n+*** End Patch\n*** End Patch", want: `add a.md "*** Begin Patch\n*** End Patch\n"`},
	{name: "marked, no space behind the colon", patch: "*** Begin Patch\n*** Delete File:a\n*** End Patch", want: "delete a"},
	{name: "marked, CRLF", patch: "*** Begin Patch\r\n*** Add File: a\r\n+x\r\n*** End Patch\r\n", want: `add a "x\n"`},
	{name: "marked, a new file with CRLF", patch: "*** Begin Patch\n*** Add File: a.bat\n+x\r\n+y\r\n*** End Patch\n", want: `add a.bat "x\r\ny\r\n"`},
	{name: "unified, a new file with CRLF", patch: "--- /dev/null\n+++ b/a.bat\n@@ -0,0 +1,2 @@\n+x\r\n+y\r\n", want: `add a.bat "x\r\ny\r\n"`},
	{name: "marked, blank lines between sections", patch: "*** Begin Patch\n\n*** Delete File: a\n\n*** Delete File: b\n\n*** End Patch", want: "delete a; delete b"},
	{name: "marked, blank line in a new file without +", patch: "*** Begin Patch\n*** Add File: a\n+x\n\n+y\n\n*** End Patch", want: `add a "x\n\ny\n"`},
	{name: "marked, without Begin", patch: "*** Delete File: a\n*** End Patch", want: "delete a"},
	{name: "marked, two patches", patch: "*** Begin Patch\n*** Delete File: a\n*** End Patch\n*** Begin Patch\n*** Delete File: b\n*** End Patch", want: "delete a; delete b"},
	{name: "marked, numbers", patch: "*** Begin Patch\n*** Update File: a\n@@ -1,2 +1,2 @@\n-x\n+y\n*** End Patch", want: "update a 1 hunks"},
	{name: "marked, @@ in a new file", patch: "*** Begin Patch\n*** Add File: a\n@@ -0,0 +1 @@\n+x\n*** End Patch", want: `add a "x\n"`},
	{name: "marked, new file without last newline", patch: "*** Begin Patch\n*** Add File: a\n+x\n\\ No newline at end of file\n*** End Patch", want: `add a "x"`},
	{name: "code fence", patch: "```diff\n*** Begin Patch\n*** Delete File: a\n*** End Patch\n```\n", want: "delete a"},
	{name: "code fence, blank lines", patch: "\n~~~\n\n*** Begin Patch\n*** Delete File: a\n*** End Patch\n\n~~~\n\n", want: "delete a"},
	{name: "heredoc", patch: "<<'EOF'\n*** Begin Patch\n*** Delete File: a\n*** End Patch\nEOF\n", want: "delete a"},
	{name: "heredoc of a command", patch: "apply_patch <<\"PATCH\"\n*** Begin Patch\n*** Delete File: a\n*** End Patch\nPATCH", want: "delete a"},
	{name: "heredoc in a fence", patch: "```bash\napply_patch <<'EOF'\n*** Begin Patch\n*** Delete File: a\n*** End Patch\nEOF\n```", want: "delete a"},
	{name: "heredoc without its end", patch: "<<EOF\n*** Begin Patch\n*** Delete File: a\n*** End Patch", want: "delete a"},

	{name: "unified", patch: "--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-x\n+y\n", want: "update x.go 1 hunks"},
	{name: "unified, git", patch: "diff --git a/x.go b/x.go\nindex 123..456 100644\n--- a/x.go\n+++ b/x.go\n@@ -1,2 +1,2 @@ func f() {\n x\n-x\n+y\n", want: "update x.go 1 hunks"},
	{name: "unified, several files", patch: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-x\n+y\n@@ -9 +9 @@\n-x\n+y\n", want: "update x 1 hunks; update y 2 hunks"},
	{name: "unified, blank lines between files", patch: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-x\n+y\n", want: "update x 1 hunks; update y 1 hunks"},
	{name: "unified, wrong counts before the next file", patch: "--- a/x\n+++ b/x\n@@ -1,7 +1,9 @@\n-x\n+y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-x\n+y\n", want: "update x 1 hunks; update y 1 hunks"},
	{name: "unified, new", patch: "diff --git a/n b/n\nnew file mode 100755\nindex 000..456\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+a\n+b\n", want: `add n 755 "a\nb\n"`},
	{name: "unified, new without last newline", patch: "--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n", want: `add n "a"`},
	{name: "unified, new and empty", patch: "diff --git a/n b/n\nnew file mode 100644\nindex 000..e69\n", want: `add n 644 ""`},
	{name: "unified, deleted", patch: "diff --git a/n b/n\ndeleted file mode 100644\n--- a/n\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", want: "delete n 1 hunks"},
	{name: "unified, deleted and empty", patch: "diff --git a/n b/n\ndeleted file mode 100644\nindex e69..000\n", want: "delete n"},
	{name: "unified, renamed", patch: "diff --git a/o b/n\nsimilarity index 100%\nrename from o\nrename to n\n", want: "update o -> n"},
	{name: "unified, renamed and changed", patch: "diff --git a/o b/n\nsimilarity index 90%\nrename from o\nrename to n\n--- a/o\n+++ b/n\n@@ -1 +1 @@\n-x\n+y\n", want: "update o -> n 1 hunks"},
	{name: "unified, mode", patch: "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", want: "update x 755"},
	{name: "unified, mode and change", patch: "diff --git a/x b/x\nold mode 100755\nnew mode 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n", want: "update x 644 1 hunks"},
	{name: "unified, no prefixes", patch: "--- src/x.go\n+++ src/x.go\n@@ -1 +1 @@\n-x\n+y\n", want: "update src/x.go 1 hunks"},
	{name: "unified, time stamps", patch: "--- x.go\t2026-11-30 10:00:00\n+++ x.go\t2026-11-30 10:01:00\n@@ -1 +1 @@\n-x\n+y\n", want: "update x.go 1 hunks"},
	{name: "unified, .orig", patch: "--- x.go.orig\n+++ x.go\n@@ -1 +1 @@\n-x\n+y\n", want: "update x.go 1 hunks"},
	{name: "unified, quoted", patch: "--- \"a/f\\303\\251 x\"\n+++ \"b/f\\303\\251 x\"\n@@ -1 +1 @@\n-x\n+y\n", want: "update fé x 1 hunks"},
	{name: "unified, spaces", patch: "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-x\n+y\n", want: "update a b 1 hunks"},
	{name: "unified, mnemonic prefixes", patch: "diff --git i/x w/x\n--- i/x\n+++ w/x\n@@ -1 +1 @@\n-x\n+y\n", want: "update x 1 hunks"},
	{name: "unified, of a mail", patch: "From 123 Mon Sep 17\nSubject: x\n\n---\n x | 2 +-\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n-- \n2.43.0\n", want: "update x 1 hunks"},
	{name: "unified, bare @@", patch: "--- a/x\n+++ b/x\n@@\n-x\n+y\n", want: "update x 1 hunks"},
	{name: "unified, @@ with dots", patch: "--- a/x\n+++ b/x\n@@ ... @@\n-x\n+y\n", want: "update x 1 hunks"},
	{name: "unified, without @@", patch: "--- a/x\n+++ b/x\n-x\n+y\n", want: "update x 1 hunks"},
	{name: "unified, lines that look like headers", patch: "--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n a\n--- old\n+++ new\n@@ -9 +9 @@\n-x\n+y\n", want: "update x.sql 2 hunks"},
	{name: "unified, svn", patch: "Index: x\n===================================================================\n--- x\t(revision 1)\n+++ x\t(working copy)\n@@ -1 +1 @@\n-x\n+y\nIndex: y\n===================================================================\n--- y\n+++ y\n@@ -1 +1 @@\n-x\n+y\n", want: "update x 1 hunks; update y 1 hunks"},
	{name: "unified, fence", patch: "```patch\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n```", want: "update x 1 hunks"},
	{name: "unified, dots in paths", patch: "--- a/./x//y\n+++ b/./x//y\n@@ -1 +1 @@\n-x\n+y\n", want: "update x/y 1 hunks"},

	{name: "empty", patch: " \n\n", fails: "the patch is empty"},
	{name: "no patch", patch: "please change x to y\n", fails: "this is no patch"},
	{name: "an old context diff", patch: "*** a/x\n--- b/x\n***************\n*** 1 ****\n", fails: "this is no patch"},
	{name: "no End", patch: "*** Begin Patch\n*** Delete File: a\n", fails: "no `*** End Patch`"},
	{name: "no file", patch: "*** Begin Patch\n*** End Patch\n", fails: "changes no file"},
	{name: "no hunk", patch: "*** Begin Patch\n*** Update File: a\n*** End Patch\n", fails: "changes nothing in a"},
	{name: "no hunk, unified", patch: "--- a/x\n+++ b/x\n", fails: "changes nothing in x"},
	{name: "an empty hunk", patch: "*** Begin Patch\n*** Update File: a\n@@ f\n*** End Patch\n", fails: "has no lines"},
	{name: "a line without prefix", patch: "*** Begin Patch\n*** Update File: a\n@@\n-x\nfoo\n*** End Patch\n", fails: `line 5 of the patch: "foo": each line of a hunk begins with a space, + or -`},
	{name: "a new file without +", patch: "*** Begin Patch\n*** Add File: a\nfoo\n*** End Patch\n", fails: `line 3 of the patch: "foo" in a new file, whose lines begin with +`},
	{name: "words before a section", patch: "*** Begin Patch\nfoo\n*** Delete File: a\n*** End Patch\n", fails: `line 2 of the patch: "foo"`},
	{name: "words behind", patch: "*** Begin Patch\n*** Delete File: a\n*** End Patch\nDone.\n", fails: `line 4 of the patch: "Done."`},
	{name: "a move without path", patch: "*** Begin Patch\n*** Update File: a\n*** Move to:\n*** End Patch\n", fails: "no path"},
	{name: "a move to itself", patch: "*** Begin Patch\n*** Update File: a\n*** Move to: a\n*** End Patch\n", fails: "moves a to itself"},
	{name: "no path", patch: "*** Begin Patch\n*** Delete File:\n*** End Patch\n", fails: "empty path"},
	{name: "a path twice", patch: "*** Begin Patch\n*** Delete File: a\n*** Add File: ./a\n+x\n*** End Patch\n", fails: `the path "a" twice`},
	{name: "a path twice by a move", patch: "*** Begin Patch\n*** Update File: a\n*** Move to: b\n*** Delete File: b\n*** End Patch\n", fails: `the path "b" twice`},
	{name: "a path twice, unified", patch: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n--- a/x\n+++ b/x\n@@ -5 +5 @@\n-x\n+y\n", fails: `the path "x" twice`},
	{name: "absolute", patch: "*** Begin Patch\n*** Delete File: /etc/passwd\n*** End Patch\n", fails: `"/etc/passwd" is absolute`},
	{name: "absolute on Windows", patch: "*** Begin Patch\n*** Delete File: C:\\x\n*** End Patch\n", fails: "is absolute"},
	{name: "absolute, unified", patch: "--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-x\n+y\n", fails: `"/etc/passwd" is absolute`},
	{name: "absolute behind a prefix", patch: "--- a//etc/passwd\n+++ b//etc/passwd\n@@ -1 +1 @@\n-x\n+y\n", fails: `"/etc/passwd" is absolute`},
	{name: "dots", patch: "*** Begin Patch\n*** Update File: a/../../b\n@@\n-x\n+y\n*** End Patch\n", fails: "`..`"},
	{name: "dots with backslashes", patch: "*** Begin Patch\n*** Delete File: a\\..\\b\n*** End Patch\n", fails: "`..`"},
	{name: "dots in a move", patch: "*** Begin Patch\n*** Update File: a\n*** Move to: ../b\n*** End Patch\n", fails: `"../b" has`},
	{name: "dots, unified", patch: "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-x\n+y\n", fails: "`..`"},
	{name: "dots in a rename", patch: "diff --git a/x b/../y\nrename from x\nrename to ../y\n", fails: `"../y" has`},
	{name: "a newline in a path", patch: "--- \"a/x\\ny\"\n+++ \"b/x\\ny\"\n@@ -1 +1 @@\n-x\n+y\n", fails: `the path "x\ny" has a control character`},
	{name: "a zero byte in a path", patch: "*** Begin Patch\n*** Delete File: a\x00b\n*** End Patch\n", fails: "control character"},
	{name: "the root", patch: "*** Begin Patch\n*** Delete File: ./\n*** End Patch\n", fails: "the workspace's root"},
	{name: "mixed, unified in marked", patch: "*** Begin Patch\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n*** End Patch\n", fails: "belongs to the other patch format"},
	{name: "mixed, headers in a section", patch: "*** Begin Patch\n*** Update File: x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n*** End Patch\n", fails: "belongs to the other patch format"},
	{name: "mixed, git in a section", patch: "*** Begin Patch\n*** Update File: x\n@@\n-x\n+y\ndiff --git a/x b/x\n*** End Patch\n", fails: "belongs to the other patch format"},
	{name: "mixed, marked in unified", patch: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n*** Update File: y\n@@\n-x\n+y\n*** End Patch\n", fails: "belongs to the other patch format"},
	{name: "mixed, unified behind marked", patch: "*** Begin Patch\n*** Delete File: a\n*** End Patch\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\n", fails: "belongs to the other patch format"},
	{name: "two names", patch: "--- a/x\n+++ b/y\n@@ -1 +1 @@\n-x\n+y\n", fails: "a rename needs"},
	{name: "half a rename", patch: "diff --git a/x b/y\nrename from x\n", fails: "a rename needs both"},
	{name: "a copy", patch: "diff --git a/x b/y\ncopy from x\ncopy to y\n", fails: "copies are not taken"},
	{name: "a binary", patch: "diff --git a/x b/x\nindex 1..2\nBinary files a/x and b/x differ\n", fails: "binary"},
	{name: "a binary patch", patch: "diff --git a/x b/x\nindex 1..2\nGIT binary patch\nliteral 3\n", fails: "binary"},
	{name: "a link", patch: "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n", fails: `"120000" is not that of a file`},
	{name: "a submodule goes", patch: "diff --git a/x b/x\ndeleted file mode 160000\n", fails: `"160000" is not that of a file`},
	{name: "set-user-ID", patch: "diff --git a/x b/x\nold mode 100644\nnew mode 104755\n", fails: `"104755" is not that of a file`},
	{name: "a new file with old lines", patch: "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n a\n+b\n", fails: `has the old line "a"`},
	{name: "a hunk without file", patch: "@@ -1 +1 @@\n-x\n+y\n", fails: "a hunk without a file"},
	{name: "added and deleted", patch: "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-x\n+y\n", fails: "both adds and deletes"},
}

func TestParse(t *testing.T) {
	for _, c := range parseCases {
		t.Run(c.name, func(t *testing.T) {
			changes, err := Parse(c.patch)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Fatalf("got %v, %v, want the error %q", changes, err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, change := range changes {
				got = append(got, section(change))
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

func TestModes(t *testing.T) {
	changes, err := Parse("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n")
	if err != nil || *changes[0].Mode != fs.FileMode(0o755) {
		t.Errorf("got %v, %v", changes, err)
	}
}
