package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"
	"testing"
)

// A header with a large Content-Length does not make the reader allocate that much.
func TestClaimedLength(t *testing.T) {
	for _, n := range []int64{99999999999, maxSkipBytes, DefaultMaxMessageBytes + 1, DefaultMaxMessageBytes} {
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		f := newFrameReader(strings.NewReader(fmt.Sprintf("Content-Length: %d\r\n\r\n{}", n)), DefaultMaxMessageBytes)
		_, err := f.next()
		goruntime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%d: no error", n)
		}
		most := uint64(2 * readBufSize) // the reader's buffer and the error
		if n <= DefaultMaxMessageBytes {
			most += 1 << 20 // the first part of an allowed message
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%d: %d bytes allocated", n, got)
		}
	}
}

// A body larger than the first allocation is read completely.
func TestLargeBody(t *testing.T) {
	for _, n := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 5<<20 + 3} {
		body := bytes.Repeat([]byte("0123456789"), n/10+1)[:n]
		f := newFrameReader(io.MultiReader(strings.NewReader(fmt.Sprintf("Content-Length: %d\r\n\r\n", n)), bytes.NewReader(body)), DefaultMaxMessageBytes)
		got, err := f.next()
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d: got %d bytes, %v", n, len(got), err)
		}
	}
}

// The message limit is the only limit of a line.
func TestLongLine(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 3*readBufSize) + `"}`
	f := newFrameReader(strings.NewReader(long+"\n"+long), int64(len(long)))
	for range 2 {
		if got, err := f.next(); err != nil || string(got) != long {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
	if _, err := f.next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	f = newFrameReader(strings.NewReader(long+"\n{}\n"), int64(len(long)-10))
	var refused *FrameError
	if _, err := f.next(); !errors.As(err, &refused) || refused.fatal {
		t.Error(err)
	}
	if got, err := f.next(); err != nil || string(got) != "{}" {
		t.Errorf("%q, %v", got, err)
	}
}

// An endless header is refused at its limit, without waiting for a newline.
func TestEndlessHeader(t *testing.T) {
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, "Content-Length: 2\r\nX: "+strings.Repeat("y", maxHeaderBytes)) }()
	var refused *FrameError
	if _, err := newFrameReader(r, 100).next(); !errors.As(err, &refused) || !refused.fatal {
		t.Error(err)
	}
	_ = r.Close()
}
