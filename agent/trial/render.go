package trial

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"
	"unicode/utf16"
)

// render makes the bytes that a section's text stands for.
func render(text string, flags map[string]string) ([]byte, error) {
	has := func(name string) bool { _, ok := flags[name]; return ok }
	var err error
	if has("png") {
		return picture(flags["png"])
	}
	if has("times") {
		if text, err = repeat(text, flags["times"]); err != nil {
			return nil, err
		}
	}
	if has("joined") {
		text = strings.ReplaceAll(text, "\n", "")
	}
	if has("nonl") || has("link") {
		text = strings.TrimSuffix(text, "\n")
	}
	if has("esc") {
		if text, err = unescape(text); err != nil {
			return nil, err
		}
	}
	if has("crlf") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	switch {
	case has("bom"):
		return []byte("\xef\xbb\xbf" + text), nil
	case has("utf16le"), has("utf16be"):
		return toUTF16(text, has("utf16be")), nil
	case has("latin1"):
		return toLatin1(text)
	}
	return []byte(text), nil
}

// repeat copies text; {n} in it is the number of the copy.
func repeat(text, times string) (string, error) {
	n, err := strconv.Atoi(times)
	if err != nil {
		return "", fmt.Errorf("times: %w", err)
	}
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "{n}", strconv.Itoa(i+1)))
	}
	return b.String(), nil
}

// unescape replaces the sequences that knownFlags lists.
func unescape(text string) (string, error) {
	var b strings.Builder
	for text != "" {
		before, after, found := strings.Cut(text, `\`)
		b.WriteString(before)
		if !found {
			break
		}
		if after == "" {
			return "", fmt.Errorf("a backslash at the end")
		}
		digits := 0
		switch after[0] {
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 's':
			b.WriteByte(' ')
		case '\\':
			b.WriteByte('\\')
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		default:
			return "", fmt.Errorf(`\%c is no escape`, after[0])
		}
		if len(after) < 1+digits {
			return "", fmt.Errorf(`\%s is too short`, after)
		}
		if digits > 0 {
			n, err := strconv.ParseUint(after[1:1+digits], 16, 32)
			if err != nil {
				return "", err
			}
			if digits == 2 {
				b.WriteByte(byte(n))
			} else {
				b.WriteRune(rune(n))
			}
		}
		text = after[1+digits:]
	}
	return b.String(), nil
}

func toUTF16(text string, big bool) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		if big {
			b = append(b, byte(unit>>8), byte(unit))
		} else {
			b = append(b, byte(unit), byte(unit>>8))
		}
	}
	return b
}

func toLatin1(text string) ([]byte, error) {
	var b []byte
	for _, r := range text {
		if r > 0xff {
			return nil, fmt.Errorf("%q is not in Latin-1", r)
		}
		b = append(b, byte(r))
	}
	return b, nil
}

// picture makes a PNG with a red left and a blue right half.
func picture(size string) ([]byte, error) {
	var w, h int
	if _, err := fmt.Sscanf(size, "%dx%d", &w, &h); err != nil {
		return nil, fmt.Errorf("png: %w", err)
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 0xff, A: 0xff}
			if x >= w/2 {
				c = color.RGBA{B: 0xff, A: 0xff}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
