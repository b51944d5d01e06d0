package output

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRender(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"plain", "a\n\tb  \n", "a\n\tb  \n"},
		{"empty", "", ""},
		{"CRLF", "a\r\nb\r\n", "a\nb\n"},
		{"progress", "10%\r50%\r100%\ndone\n", "100%\ndone\n"},
		{"a shorter line over a longer one", "downloading\rdone\n", "doneloading\n"},
		{"erased to the end", "downloading\r\x1b[Kdone\n", "done\n"},
		{"erased with blanks", "downloading\r           \rok\n", "ok\n"},
		{"erased line", "abc\x1b[2K\rx", "x"},
		{"erased beginning", "abcdef\x1b[4D\x1b[1K", "   def"},
		{"colours", "\x1b[1;31merror\x1b[0m: \x1b[38;2;1;2;3mx\x1b[m\n", "error: x\n"},
		{"colours with colons", "\x1b[4:3mx\x1b[0m", "x"},
		{"grep's colours", "\x1b[35m\x1b[Ka.go\x1b[m\x1b[K:x", "a.go:x"},
		{"backspace", "abc\b\bX", "aXc"},
		{"overstruck, as by man", "N\bNA\bA_\bx", "NAx"},
		{"up and over", "one\ntwo\n\x1b[2A1\x1b[K\n2\x1b[K\n", "1\n2\n"},
		{"column", "a\x1b[5Gb", "a   b"},
		{"right", "a\x1b[3Cb", "a   b"},
		{"next and previous line", "a\nb\x1b[1Fc\x1b[1Ed", "c\nd"},
		{"clear", "old\nold\n\x1b[H\x1b[2Jnew\n", "new\n"},
		{"clear below", "a\nb\nc\x1b[2;1H\x1b[J", "a\n"},
		{"saved cursor", "a\x1b7bc\x1b8X", "aXc"},
		{"insert and delete characters", "abc\r\x1b[1P\x1b[2@", "  bc"},
		{"erase characters", "abcd\r\x1b[2X", "  cd"},
		{"insert and delete lines", "a\nb\nc\x1b[2A\x1b[1M\x1b[1L\rx", "x\nb\nc"},
		{"repeat", "=\x1b[4b", "====="},
		{"title", "\x1b]0;title\aa\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"},
		{"unended title", "a\x1b]0;b\nc", "a0;b\nc"},
		{"character set", "\x1b(Bx\x1b)0y", "xy"},
		{"alternate screen", "a\n\x1b[?1049h\x1b[Hmenu\x1b[?1049lb\n", "a\nb\n"},
		{"alternate screen to the end", "a\n\x1b[?1049hmenu", "a\nmenu"},
		{"bracketed paste and cursor", "\x1b[?2004l\x1b[?25lx\x1b[?25h", "x"},
		{"wide characters", "日本\rab", "ab本"},
		{"half of a wide character", "日本\rx", "x 本"},
		{"cluster", "e\u0301\u0301x\ry", "yx"},
		{"emoji", "👩‍👩‍👧x\rab", "abx"},
		{"tab kept", "a\tb\r\x1b[0mc", "c\tb"},
		{"tab broken", "a\tb\r\x1b[3Gx", "a x     b"},
		{"NUL between names", "first-name\x00other-name\x00", "first-name␀other-name␀"},
		{"C1", "a\u009b1mb", "a1mb"},
		{"Latin-1", "d\xe9j\xe0 vu, toujours", "d\uFFFDj\uFFFD vu, toujours"},
		{"cut sequence", "a\x1b[1", "a"},
		{"ESC at the end", "a\x1b", "a"},
		{"bell", "a\ab", "ab"},
		{"numbers beyond all", "a\x1b[99999999999999999999Cb\x1b[99999999Ac", "a" + strings.Repeat(" ", 198) + "b" + "c"},
	} {
		if got := Render(tt.raw); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What has scrolled off stays, as it was then.
func TestRenderScrolls(t *testing.T) {
	var raw, want strings.Builder
	for i := range 300 {
		fmt.Fprintf(&raw, "working\r\x1b[Kline %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	if got := Render(raw.String()); got != want.String() {
		t.Errorf("%q", got)
	}
	if got := Render(raw.String() + "\x1b[H\x1b[2J"); !strings.HasPrefix(got, "line 0\nline 1\n") || strings.Contains(got, "line 299") {
		t.Errorf("after clear: %q", got)
	}
}

func TestRenderBinary(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, strings.Repeat("some text that is packed, ", 7)+"and then more of it")
	_ = z.Close()
	for raw, want := range map[string]string{
		packed.String():                       fmt.Sprintf("[binary output, not shown: application/x-gzip, %d bytes]", packed.Len()),
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "[binary output, not shown: image/png, 16 bytes]",
		"\x00\x01\x02":                        "[binary output, not shown: application/octet-stream, 3 bytes]",
	} {
		if got := Render(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// Hostile output costs no more than its length allows: each of these took minutes
// or gigabytes where a bound is missing.
func TestRenderBounded(t *testing.T) {
	const size = 2 << 20
	for name, raw := range map[string]string{
		"one line":                 strings.Repeat("x", size) + "\rx",
		"tabs":                     strings.Repeat("\t", size) + "\r",
		"blanks":                   strings.Repeat("\x1b[999Cx\n", size/8),
		"vertical":                 strings.Repeat("x", size/2) + strings.Repeat("\vx", size/4),
		"erase the beginning":      strings.Repeat("x", size/2) + strings.Repeat("\x1b[1K", size/8),
		"erase the screen":         strings.Repeat("\x1b[50B\x1b[2J", size/9),
		"insert":                   strings.Repeat("x", size/2) + "\r" + strings.Repeat("\x1b[9999@", size/14),
		"delete":                   strings.Repeat("x", size/2) + "\r" + strings.Repeat("\x1b[P", size/6),
		"repeat":                   "x" + strings.Repeat("\x1b[9999999b", size/10),
		"control strings":          strings.Repeat("\x1b]", size/2),
		"insert lines":             strings.Repeat("\x1b[9999L", size/7),
		"alternate screens":        strings.Repeat("\x1b[?1049h\x1b[?1049l", size/16),
		"combining characters":     "a" + strings.Repeat("\u0301", size/2) + "\r",
		"long parameters":          "\x1b[" + strings.Repeat("1;", size/2) + "m",
		"newlines with one \\r":    "\r" + strings.Repeat("\n", size),
		"clusters over each other": strings.Repeat("e\u0301\r", size/4),
	} {
		if got := Render(raw); len(got) > 3*len(raw)+4<<20 {
			t.Errorf("%s: %d bytes of %d", name, len(got), len(raw))
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, seed := range []string{"a\rb\x1b[K", "\x1b[2;3H日本\b\x1b[1P\x1b[@", "\x1b]0;\a\x1b[?1049hx\x1b[L\x1b[M\x1b[?47l", "\t\x1b[4Gx\v\x1b[1J\x1b[5b", "\x00\xff\x1b[X"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := Render(raw)
		switch {
		case !utf8.ValidString(got):
			t.Errorf("%q is not valid", got)
		case strings.ContainsFunc(got, isControl):
			t.Errorf("%q has control characters", got)
		case len(got) > 3*len(raw)+4<<20:
			t.Errorf("%d bytes of %d", len(got), len(raw))
		case Render(got) != got:
			t.Errorf("%q is not final", got)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	for name, raw := range map[string]string{
		"plain":    strings.Repeat("ok  \tgithub.com/some/package\t0.012s\n", 1<<15),
		"progress": strings.Repeat("\x1b[32mdownloading\x1b[0m 50 % of it\r", 1<<15),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				Render(raw)
			}
		})
	}
}
