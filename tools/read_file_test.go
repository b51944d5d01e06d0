package tools_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/pygent/pygent/tools/output"
)

// numberedLines is a text whose line N is "line N".
func numberedLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return b.String()
}

func TestReadFile(t *testing.T) {
	var utf16LE strings.Builder
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune("ä\nb\n"))...) {
		utf16LE.WriteByte(byte(u))
		utf16LE.WriteByte(byte(u >> 8))
	}
	c := newEditor(t, map[string]string{
		"two": "a\n\tb\n", "open": "a\nb", "crlf": "a\r\nb\r\n", "empty": "", "newline": "\n", "bom": "\ufeffa\n", "utf16": utf16LE.String(),
		"many": numberedLines(5000), "short": strings.Repeat("x\n", 2500), "bin": "\x7fELF\x00\x01", "png": "\x89PNG\r\n\x1a\n\x00", "dir/x": "", "dir/sub/y": "", "dir/.z": "",
		"long": strings.Repeat("x", 40_000) + "\nshort\n", "wide": strings.Repeat(strings.Repeat("ö", 99)+"\n", 400), "middle": "a\n" + strings.Repeat("x", 40_000) + "\nb\n",
		"main.go": "", "cmd/maim.go": "", "man.go": "",
	})
	for _, tt := range []struct {
		args, want string
		fails      bool
	}{
		{`{"path":"two"}`, "     1\ta\n     2\t\tb\n[lines 1-2 of 2]", false},
		{`{"path":"./dir/../open"}`, "     1\ta\n     2\tb\n[lines 1-2 of 2]", false},
		{`{"path":"crlf"}`, "     1\ta\n     2\tb\n[lines 1-2 of 2]", false},
		{`{"path":"bom"}`, "     1\ta\n[lines 1-1 of 1]", false},
		{`{"path":"utf16"}`, "     1\tä\n     2\tb\n[lines 1-2 of 2]", false},
		{`{"path":"newline"}`, "     1\t\n[lines 1-1 of 1]", false},
		{`{"path":"empty"}`, "[empty is empty]", false},
		{`{"path":"many","offset":4999}`, "  4999\tline 4999\n  5000\tline 5000\n[lines 4999-5000 of 5000]", false},
		{`{"path":"many","offset":3,"limit":1}`, "     3\tline 3\n[lines 3-3 of 5000; go on with offset 4]", false},
		{`{"path":"many"}`, "\n  1821\tline 1821\n[lines 1-1821 of 5000; go on with offset 1822]", false},
		{`{"path":"short","offset":0,"limit":0}`, "[lines 1-2000 of 2500; go on with offset 2001]", false},
		{`{"path":"short","limit":4000}`, "[lines 1-2000 of 2500; go on with offset 2001]", false},
		{`{"path":"many","offset":5001}`, "offset 5001: many has 5000 lines", true},
		{`{"path":"many","offset":-1}`, "cannot be negative", true},
		{`{"path":"many","limit":-1}`, "cannot be negative", true},
		{`{"path":"many","offset":9223372036854775807}`, "many has 5000 lines", true},
		{`{"path":"long"}`, "\n[line 1 is longer: it is cut here]\n[lines 1-1 of 2; go on with offset 2]", false},
		{`{"path":"long","offset":2}`, "     2\tshort\n[lines 2-2 of 2]", false},
		{`{"path":"middle"}`, "     1\ta\n[lines 1-1 of 3; go on with offset 2]", false},
		{`{"path":"middle","offset":2}`, "[lines 2-2 of 3; go on with offset 3]", false},
		{`{"path":"wide"}`, "[lines 1-278 of 400; go on with offset 279]", false},
		{`{"path":"bin"}`, "[bin is binary: application/octet-stream, 6 bytes]", false},
		{`{"path":"png"}`, "[png is binary: image/png, 9 bytes]", false},
		{`{"path":"dir"}`, "[dir is a directory]\n.z\nsub/\nx", false},
		{`{"path":"dir/sub/"}`, "[dir/sub/ is a directory]\ny", false},
		{`{"path":"maln.go"}`, "file maln.go not found; the nearest names: main.go, man.go, cmd/maim.go", true},
		{`{"path":"src/main.go"}`, "file src/main.go not found; the nearest names: main.go, ", true},
		{`{"path":"two/x"}`, "no directory", true},
		{`{"path":""}`, "is empty", true},
		{`{"path":"../x"}`, "leads out", true},
		{`{"path":"/etc/passwd"}`, "absolute", true},
		{`{"path":"output:o1"}`, "not kept", true},
		{`{"path":"output:../x"}`, "is no kept output", true},
	} {
		res := c.reg.Call(t.Context(), c.env, "read_file", tt.args)
		if res.IsError != tt.fails || !tt.fails && !strings.HasSuffix(res.Text, tt.want) || !strings.Contains(res.Text, tt.want) {
			t.Errorf("%s: %v, %q", tt.args, res.IsError, res.Text[max(0, len(res.Text)-200):])
		}
		if n := utf8.RuneCountInString(res.Text); n > 30_000 || !res.Unkept && !tt.fails {
			t.Errorf("%s: %d characters, unkept %v", tt.args, n, res.Unkept)
		}
	}
	// A file with a name like that of a kept output can be read.
	c.put("output:o1", "file\n")
	if got := c.read("./output:o1"); !strings.Contains(got, "\tfile\n") {
		t.Errorf("%q", got)
	}
}

func TestReadFileOfLargeFiles(t *testing.T) {
	c := newEditor(t, map[string]string{
		"large": strings.Repeat("0123456789abcde\n", 400_000) + "last",
		"line":  strings.Repeat("x", 5<<20) + "\nend\n",
		"latin": strings.Repeat("gr\xfc\xdfe\n", 1<<20),
		"bin":   "\x00" + strings.Repeat("x", 5<<20),
		"bom":   "\ufeff" + strings.Repeat("a\n", 3<<20),
	})
	for _, tt := range []struct{ args, want string }{
		{`{"path":"large","offset":1,"limit":1}`, "     1\t0123456789abcde\n[lines 1-1 of 400001; go on with offset 2]"},
		{`{"path":"large","offset":65536,"limit":3}`, " 65536\t0123456789abcde\n 65537\t0123456789abcde\n 65538\t0123456789abcde\n[lines 65536-65538 of 400001; go on with offset 65539]"},
		{`{"path":"large","offset":65537,"limit":1}`, " 65537\t0123456789abcde\n[lines 65537-65537 of 400001; go on with offset 65538]"},
		{`{"path":"large","offset":400000}`, "400000\t0123456789abcde\n400001\tlast\n[lines 400000-400001 of 400001]"},
		{`{"path":"line"}`, "x\n[line 1 is longer: it is cut here]\n[lines 1-1 of 2; go on with offset 2]"},
		{`{"path":"line","offset":2}`, "     2\tend\n[lines 2-2 of 2]"},
		{`{"path":"latin","offset":1048576}`, "1048576\tgrüße\n[lines 1048576-1048576 of 1048576]"},
		{`{"path":"bin"}`, "[bin is binary: application/octet-stream, 5242881 bytes]"},
		{`{"path":"bom","limit":1}`, "     1\ta\n[lines 1-1 of 3145728; go on with offset 2]"},
	} {
		for range 2 { // the second time with what is known of its lines
			if res := c.reg.Call(t.Context(), c.env, "read_file", tt.args); res.IsError || !strings.HasSuffix(res.Text, tt.want) {
				t.Errorf("%s: %q", tt.args, res.Text[max(0, len(res.Text)-200):])
			}
		}
	}
	// What was read of it counts as seen, and a change of it is noticed.
	c.put("large", strings.Repeat("0123456789abcde\n", 400_000)+"LAST")
	if res := c.edit("large", "LAST", "x"); !res.IsError || !strings.Contains(res.Text, "has changed on disk") {
		t.Errorf("%q", res.Text)
	}
	if res := c.edit("large", "LAST", "last"); res.IsError || !strings.Contains(res.Text, "Edited large (+1 -1)") {
		t.Errorf("%q", res.Text)
	}
}

func TestReadFileOfKeptOutput(t *testing.T) {
	c := newEditor(t, nil)
	c.env.Kept = output.NewStore(filepath.Join(t.TempDir(), "kept"))
	id, err := c.env.Kept.Keep(numberedLines(3000))
	if err != nil {
		t.Fatal(err)
	}
	res := c.reg.Call(t.Context(), c.env, "read_file", fmt.Sprintf(`{"path":"output:%s","offset":2999}`, id))
	if want := "  2999\tline 2999\n  3000\tline 3000\n[lines 2999-3000 of 3000]"; res.Text != want || !res.Unkept {
		t.Errorf("%+v", res)
	}
	if res := c.call("read_file", map[string]any{"path": "output:o99"}); !res.IsError {
		t.Errorf("%+v", res)
	}
}
