package snapshot

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// ErrNoRecord says that the log has no record with that id.
var ErrNoRecord = errors.New("nothing is recorded under this id")

// Record is what one turn, or one revert, changed.
type Record struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Changes []Change  `json:"changes"`
}

// Log is the file of one session's records: append-only, one JSON object a
// line. Its methods are safe for concurrent use; one process at a time may have
// it open for writing, which the caller ensures.
type Log struct {
	mu    sync.Mutex
	f     *os.File
	end   int64
	index []logged
}

type logged struct {
	id       string
	at, size int64
}

// OpenLog opens the log at name, or makes it, with mode 0600. An incomplete
// last line is cut off; a malformed line is skipped.
func OpenLog(name string) (*Log, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the undo log: %w", err)
	}
	l := &Log{f: f}
	err = eachLine(f, func(at, size int64, head []byte) error {
		if id := idOf(head); id != "" {
			l.index = append(l.index, logged{id, at, size})
		}
		l.end = at + size
		return nil
	})
	if err == nil {
		err = f.Truncate(l.end)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open the undo log: %w", err)
	}
	return l, nil
}

// headBytes is how much of a line is read for its id.
const headBytes = 1024

// eachLine calls visit for each complete line with its offset, its size with
// the newline, and its beginning only, because a line can have any length.
func eachLine(r io.Reader, visit func(at, size int64, head []byte) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var at, size int64
	var head []byte
	for {
		piece, err := in.ReadSlice('\n')
		size += int64(len(piece))
		head = append(head, piece[:min(len(piece), headBytes-len(head))]...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := visit(at, size, head); err != nil {
			return err
		}
		at, size, head = at+size, 0, head[:0]
	}
}

// idOf reads the id, the first member, from the beginning of a line.
func idOf(head []byte) string {
	d := json.NewDecoder(bytes.NewReader(head))
	var id string
	for i := range 3 {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		if i == 1 && token != "id" {
			return ""
		}
		id, _ = token.(string)
	}
	return id
}

// Append adds a record and syncs it. On an error the log is unchanged.
func (l *Log) Append(r Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the undo log: %w", err)
	}
	line = append(line, '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = l.f.WriteAt(line, l.end)
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("write the undo log: %w", errors.Join(err, l.f.Truncate(l.end)))
	}
	l.index = append(l.index, logged{r.ID, l.end, int64(len(line))})
	l.end += int64(len(line))
	return nil
}

// IDs returns the ids of all records, the oldest first.
func (l *Log) IDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, len(l.index))
	for i, r := range l.index {
		ids[i] = r.id
	}
	return ids
}

// Read returns the newest record with this id, or an error that wraps
// ErrNoRecord.
func (l *Log) Read(id string) (Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range slices.Backward(l.index) {
		if r.id == id {
			return readRecord(l.f, r.at, r.size)
		}
	}
	return Record{}, fmt.Errorf("%w: %q", ErrNoRecord, id)
}

func readRecord(f io.ReaderAt, at, size int64) (Record, error) {
	var r Record
	if err := json.NewDecoder(io.NewSectionReader(f, at, size)).Decode(&r); err != nil {
		return Record{}, fmt.Errorf("read the undo log: %w", err)
	}
	return r, nil
}

// Close closes the file.
func (l *Log) Close() error { return l.f.Close() }
