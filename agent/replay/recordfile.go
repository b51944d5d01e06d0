package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pygent/pygent/agent"
)

// Record appends the exchanges of inner to the file at path. A new file gets mode
// 0600. An existing file must be a recording; a last line that a crash cut is
// removed. Only one program at a time may record to a file. Close the Recorder at
// the end.
func Record(path string, inner agent.Model) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	lines, err := continueFile(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("record to %s: %w", path, err), f.Close())
	}
	r := NewRecorder(inner, f)
	r.lines = lines
	return r, nil
}

// continueFile makes f end with a whole line and returns the number of its lines.
func continueFile(f *os.File) (lines int, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	switch {
	case !info.Mode().IsRegular():
		return 0, errors.New("it is not a regular file")
	case info.Size() > maxFileBytes:
		return 0, fmt.Errorf("it is larger than %d MiB: choose another file", maxFileBytes>>20)
	case info.Size() == 0:
		return 0, nil
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	whole := raw
	if last := bytes.LastIndexByte(raw, '\n') + 1; !json.Valid(raw[last:]) {
		whole = raw[:last] // the last line is torn or empty
	}
	// The check that it is a recording comes before any change.
	if len(bytes.TrimSpace(whole)) == 0 {
		return 0, errors.New("it is not a recording: choose another file")
	}
	if _, err := Parse(bytes.NewReader(whole)); err != nil && !errors.Is(err, errNoExchange) {
		return 0, fmt.Errorf("it is not a recording that can be continued: %w", err)
	}
	if len(whole) < len(raw) {
		if err := f.Truncate(int64(len(whole))); err != nil {
			return 0, err
		}
	}
	lines = bytes.Count(whole, []byte("\n"))
	if whole[len(whole)-1] != '\n' {
		if _, err := f.Write([]byte("\n")); err != nil {
			return 0, err
		}
		lines++
	}
	return lines, nil
}
