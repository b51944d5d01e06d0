package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// lineBefore returns the start of the line that ends at end, newline included.
func lineBefore(r io.ReaderAt, end int64) (int64, error) {
	buf := make([]byte, 16<<10)
	for at := end - 1; at > 0; { // the newline at end-1 is the line's own
		n := min(int64(len(buf)), at)
		if _, err := r.ReadAt(buf[:n], at-n); err != nil {
			return 0, fmt.Errorf("read the journal's end: %w", err)
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return at - n + int64(i) + 1, nil
		}
		at -= n
	}
	return 0, nil
}

// trim drops invalid JSON lines from the end: a crash can leave them. The header
// stays.
func (x *index) trim(r io.ReaderAt) error {
	for x.lines > 1 {
		start, err := lineBefore(r, x.end)
		if err != nil {
			return err
		}
		if size := x.end - start - 1; size <= MaxRecord {
			data := make([]byte, size)
			if _, err := r.ReadAt(data, start); err != nil {
				return fmt.Errorf("read the journal's end: %w", err)
			}
			if json.Valid(data) {
				return nil
			}
		}
		x.drop(start)
	}
	return nil
}

// back calls visit with the records before end in reverse order, until it returns
// false. seq is the number of the last of them.
func back(r io.ReaderAt, end, seq int64, visit func(Line) bool) error {
	for ; seq > 0; seq-- {
		start, err := lineBefore(r, end)
		if err != nil {
			return err
		}
		l := Line{Seq: seq}
		if size := end - start - 1; size <= MaxRecord {
			l.Data = make([]byte, size)
			if _, err := r.ReadAt(l.Data, start); err != nil {
				return fmt.Errorf("read record %d: %w", seq, err)
			}
		}
		if !visit(l) {
			return nil
		}
		end = start
	}
	return nil
}
