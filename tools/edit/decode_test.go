package edit

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, data, text, encoding string
	}{
		{"empty", "", "", "UTF-8"},
		{"ASCII", "a\r\nb", "a\r\nb", "UTF-8"},
		{"UTF-8", "é\n", "é\n", "UTF-8"},
		{"UTF-8 with BOM", "\xef\xbb\xbfé\n", "é\n", "UTF-8 with BOM"},
		{"only a BOM", "\xef\xbb\xbf", "", "UTF-8 with BOM"},
		{"UTF-16LE", "\xff\xfea\x00\xe9\x00\n\x00", "aé\n", "UTF-16LE with BOM"},
		{"UTF-16BE", "\xfe\xff\x00a\x00\xe9\x00\n", "aé\n", "UTF-16BE with BOM"},
		{"UTF-16LE beyond the first plane", "\xff\xfe\x3d\xd8\x00\xde", "😀", "UTF-16LE with BOM"},
		{"UTF-16 without text", "\xff\xfe", "", "UTF-16LE with BOM"},
		{"Latin-1", "na\xefve caf\xe9\n", "naïve café\n", "Latin-1"},
		{"Latin-1, all that is not ASCII", "\x80\x9f\xa0\xff", "\u0080\u009f\u00a0ÿ", "Latin-1"},
		{"UTF-8 with a broken byte", "é ü ö \xff\n", "é ü ö \xff\n", "UTF-8 with invalid bytes"},
		{"UTF-8 with BOM and a broken byte", "\xef\xbb\xbfa\xff", "a\xff", "UTF-8 with invalid bytes with BOM"},
		{"colours of a terminal", "\x1b[1mx\x1b[0m\n", "\x1b[1mx\x1b[0m\n", "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Decode([]byte(c.data))
			if err != nil || f.Text != c.text || f.Encoding() != c.encoding {
				t.Fatalf("got %q, %s, %v", f.Text, f.Encoding(), err)
			}
			back, err := f.Encode(f.Text)
			if err != nil || string(back) != c.data {
				t.Errorf("back: %q, %v", back, err)
			}
		})
	}
}

func TestDecodeBinary(t *testing.T) {
	for name, data := range map[string]string{
		"a zero byte":               "abc\x00def",
		"a picture":                 "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
		"UTF-16 without BOM":        "a\x00b\x00",
		"UTF-32":                    "\xff\xfe\x00\x00a\x00\x00\x00",
		"half a character":          "\xff\xfea\x00b",
		"half a pair":               "\xff\xfe\x3d\xd8a\x00",
		"control characters":        strings.Repeat("\x01\x02\xfe\xfd", 50),
		"compressed, no zero bytes": "\x1f\x8b\x08\x01\x02\x03\xff\xfe",
	} {
		_, err := Decode([]byte(data))
		if binary := (*BinaryError)(nil); !errors.As(err, &binary) || binary.Reason == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	latin, _ := Decode([]byte("caf\xe9\n"))
	if _, err := latin.Encode("café\n1 €\n"); err == nil || !strings.Contains(err.Error(), "line 2: the file's encoding, Latin-1, has no '€' (U+20AC)") {
		t.Errorf("Latin-1: %v", err)
	}
	if data, err := latin.Encode("thé\n"); err != nil || string(data) != "th\xe9\n" {
		t.Errorf("Latin-1: %q, %v", data, err)
	}
	for _, f := range []File{{}, latin, {encoding: utf16LE, bom: true}} {
		if _, err := f.Encode("a\xff"); err == nil {
			t.Errorf("%s took invalid UTF-8", f.Encoding())
		}
	}
}

// TestEditKeepsEncoding edits a file of each encoding, down to its bytes.
func TestEditKeepsEncoding(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"UTF-8 with BOM", "\xef\xbb\xbfaé\r\nb", "\xef\xbb\xbfaü\r\nb"},
		{"UTF-16LE", "\xff\xfea\x00\xe9\x00\r\x00\n\x00", "\xff\xfea\x00\xfc\x00\r\x00\n\x00"},
		{"UTF-16BE", "\xfe\xff\x00a\x00\xe9", "\xfe\xff\x00a\x00\xfc"},
		{"Latin-1", "a\xe9\n", "a\xfc\n"},
		{"UTF-8 with a broken byte", "aé\nö\xff\n", "aü\nö\xff\n"},
	} {
		f, err := Decode([]byte(c.data))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Replace(f.Text, Replacement{Old: "aé", New: "aü"})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got, err := f.Encode(r.Text); err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
}

func TestWhole(t *testing.T) {
	for _, c := range []struct {
		name, old, content string
		want               string
		notes              []string
	}{
		{"LF", "a\n", "b\n", "b\n", nil},
		{"LF, CRLF content", "a\n", "b\r\n", "b\r\n", nil},
		{"CRLF", "a\r\nb\r\n", "x\ny\n", "x\r\ny\r\n", []string{"kept the file's CRLF line ends"}},
		{"CRLF, CRLF content", "a\r\n", "x\r\n", "x\r\n", nil},
		{"CRLF, mixed content", "a\r\n", "x\r\ny\n", "x\r\ny\r\n", []string{"kept the file's CRLF line ends"}},
		{"mixed", "a\r\nb\n", "x\ny\n", "x\ny\n", nil},
		{"BOM", "\xef\xbb\xbfa\n", "x\n", "\xef\xbb\xbfx\n", []string{"kept the file's byte order mark (BOM)"}},
		{"BOM in both", "\xef\xbb\xbfa\n", "\ufeffx\n", "\xef\xbb\xbfx\n", []string{"kept the file's byte order mark (BOM)"}},
		{"BOM and CRLF", "\xef\xbb\xbfa\r\n", "x\n", "\xef\xbb\xbfx\r\n", []string{"kept the file's CRLF line ends", "kept the file's byte order mark (BOM)"}},
		{"UTF-16", "\xff\xfea\x00\n\x00", "x\n", "\xff\xfex\x00\n\x00", []string{"kept the file's encoding, UTF-16LE with BOM"}},
		{"Latin-1", "\xe9\n", "ü\n", "\xfc\n", []string{"kept the file's encoding, Latin-1"}},
		{"empty", "", "x\n", "x\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, err := Decode([]byte(c.old))
			if err != nil {
				t.Fatal(err)
			}
			text, notes := Whole(old, c.content)
			data, err := old.Encode(text)
			if err != nil || !bytes.Equal(data, []byte(c.want)) || !slices.Equal(notes, c.notes) {
				t.Errorf("got %q, %q, %v", data, notes, err)
			}
		})
	}
	latin, _ := Decode([]byte("\xe9\n"))
	text, _ := Whole(latin, "€\n")
	if _, err := latin.Encode(text); err == nil {
		t.Error("a character that the encoding lacks was taken")
	}
}
