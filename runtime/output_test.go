package runtime

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOutputKeepsHeadAndTail(t *testing.T) {
	text := "0123456789abcdefghijklmnopqrstuvwxyz"
	for _, chunk := range []int{1, 3, 10, 100} {
		out := NewOutput(10)
		for rest := []byte(text); len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
			_, _ = out.Write(rest[:min(chunk, len(rest))])
		}
		if got := out.String(); got != "01234\n[… 26 bytes omitted …]\nvwxyz" || out.Total() != 36 || !out.Truncated() {
			t.Errorf("by %d: %q, total %d", chunk, got, out.Total())
		}
	}
	out := NewOutput(10)
	_, _ = out.Write([]byte("0123456789"))
	if got := out.String(); got != "0123456789" || out.Truncated() {
		t.Errorf("at the limit: %q", got)
	}
}

func TestNoHalfRuneAtTheCap(t *testing.T) {
	for limit := 2; limit < 30; limit++ {
		out := NewOutput(limit)
		_, _ = out.Write([]byte(strings.Repeat("ä€😀", 10)))
		got := out.String()
		if strings.ContainsRune(got, utf8.RuneError) || !utf8.ValidString(got) {
			t.Errorf("limit %d: %q", limit, got)
		}
		head, tail, _ := strings.Cut(got, "[…")
		var lost int
		if _, err := fmt.Sscanf(tail, " %d bytes", &lost); err != nil {
			t.Fatal(err)
		}
		_, tail, _ = strings.Cut(tail, "]\n")
		if kept := len(strings.TrimSuffix(head, "\n")) + len(tail); kept+lost != 90 {
			t.Errorf("limit %d: kept %d, lost %d of 90", limit, kept, lost)
		}
	}
}

func TestOneBadByteDoesNotLoseTheOutput(t *testing.T) {
	out := NewOutput(0)
	_, _ = out.Write([]byte("before\xffafter\x00\r\n\xe2\x82"))
	if got := out.String(); got != "before\uFFFDafter\x00\r\n\uFFFD" {
		t.Errorf("%q", got)
	}
}

func TestOutputIsBounded(t *testing.T) {
	out := NewOutput(1000)
	for range 1000 {
		_, _ = out.Write(make([]byte, 32<<10))
	}
	if have := cap(out.head) + cap(out.tail); have > 4000 {
		t.Errorf("holds %d bytes", have)
	}
}

func TestLiveOutputIsValidUTF8AndStops(t *testing.T) {
	var got []string
	l := newLive(func(delta string) { got = append(got, delta) }, 20)
	for _, b := range []byte("ä€😀\xff!") { // 11 bytes
		_, _ = l.Write([]byte{b})
	}
	if text := strings.Join(got, "|"); text != "ä|€|😀|\uFFFD|!" {
		t.Errorf("%q", text)
	}
	got = nil
	_, _ = l.Write([]byte("123456789"))
	_, _ = l.Write([]byte("x"))
	_, _ = l.Write([]byte("y"))
	if text := strings.Join(got, ""); text != "123456789\n[live output stops here; the result has the end]\n" {
		t.Errorf("%q", text)
	}
}

func FuzzLiveIsLossless(f *testing.F) {
	f.Add([]byte("a\xe2\x82\xacb\xf0\x9f"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		var got strings.Builder
		l := newLive(func(delta string) {
			if delta == "" || !utf8.ValidString(delta) {
				t.Fatalf("delta %q", delta)
			}
			got.WriteString(delta)
		}, 1<<20)
		for piece := range bytes.SplitSeq(data, []byte{chunk}) {
			_, _ = l.Write(piece)
		}
		l.flush()
		whole := bytes.ReplaceAll(data, []byte{chunk}, nil)
		if utf8.Valid(whole) && got.String() != string(whole) {
			t.Fatalf("%q became %q", whole, got.String())
		}
	})
}

func BenchmarkOutputFlood(b *testing.B) {
	out, chunk := NewOutput(0), make([]byte, 32<<10)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = out.Write(chunk)
	}
}
