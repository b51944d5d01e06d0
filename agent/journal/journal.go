package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Journal is a session's journal that this process writes. It is safe for
// concurrent use.
type Journal struct {
	header Header
	dir    *os.Root // of the session; nil once it was synced
	file   *os.File
	lock   *os.File

	mu      sync.Mutex
	index   index
	pending [][]byte // records that could not be written, oldest first
	closed  bool
}

// Header returns the settings that the session was made with.
func (j *Journal) Header() Header { return j.header }

// LastSeq returns the number of the last record, pending ones included; 0 is
// none.
func (j *Journal) LastSeq() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last()
}

func (j *Journal) last() int64 { return j.index.lastSeq() + int64(len(j.pending)) }

// Append writes a record, which must have the number after LastSeq.
//
// A record that cannot be written stays pending: it is kept in memory, is part of
// Page, and is written before the next one. The file then ends with the last good
// record. After an error the caller should stop its work: nothing else bounds the
// pending records.
func (j *Journal) Append(seq int64, record []byte) error { return j.append(seq, record, false) }

// AppendSync is Append, and returns when the record and all before it are on the
// disk. A record that cannot be synced is removed from the file and stays
// pending.
func (j *Journal) AppendSync(seq int64, record []byte) error { return j.append(seq, record, true) }

func (j *Journal) append(seq int64, record []byte, sync bool) error {
	switch {
	case bytes.IndexByte(record, '\n') >= 0:
		return errors.New("journal: a record has a newline in it")
	case len(record) > MaxRecord:
		return fmt.Errorf("journal: a record has %d bytes; at most %d are kept", len(record), MaxRecord)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closed:
		return ErrClosed
	case seq != j.last()+1:
		return fmt.Errorf("journal: record %d cannot follow record %d", seq, j.last())
	}
	j.pending = append(j.pending, record)
	before := len(j.pending)
	if err := j.flush(); err != nil {
		return err
	}
	if !sync {
		return nil
	}
	err := j.sync()
	if err != nil && before == 1 {
		j.takeBack(record)
	}
	return err
}

// takeBack removes the last record from the file and makes it pending again.
func (j *Journal) takeBack(record []byte) {
	j.index.drop(j.index.end - int64(len(record)) - 1)
	j.pending = append(j.pending, record)
	_ = j.file.Truncate(j.index.end) // if it fails, the next write overwrites it
}

// Amend replaces the last record while it is pending, so that it can report the
// failure of its own write.
func (j *Journal) Amend(record []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending) == 0 || bytes.IndexByte(record, '\n') >= 0 {
		return errors.New("journal: no pending record to amend")
	}
	j.pending[len(j.pending)-1] = record
	return nil
}

// Flush writes the pending records, if there are any.
func (j *Journal) Flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	return j.flush()
}

func (j *Journal) flush() error {
	for len(j.pending) > 0 {
		record := j.pending[0]
		line := make([]byte, 0, len(record)+1)
		line = append(append(line, record...), '\n')
		if _, err := j.file.WriteAt(line, j.index.end); err != nil {
			_ = j.file.Truncate(j.index.end) // the next open cuts a part that stays
			return fmt.Errorf("write the session's journal: %w", err)
		}
		j.index.add(int64(len(line)))
		j.pending = j.pending[1:]
	}
	j.pending = nil
	return nil
}

// Sync returns when everything written is on the disk.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	return j.sync()
}

func (j *Journal) sync() error {
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("sync the session's journal: %w", err)
	}
	if j.dir == nil {
		return nil
	}
	if err := syncDir(j.dir); err != nil {
		return fmt.Errorf("sync the session's directory: %w", err)
	}
	err := j.dir.Close()
	j.dir = nil
	return err
}

// Page returns the records after a number.
func (j *Journal) Page(after int64, b Bounds) (Page, error) {
	j.mu.Lock()
	part, pending, closed := j.index.section(after), j.pending, j.closed
	j.mu.Unlock()
	if closed {
		return Page{}, ErrClosed
	}
	page, err := part.read(j.file, after, b)
	page.LastSeq += int64(len(pending))
	if err != nil || page.More {
		return page, err
	}
	size := 0
	for _, l := range page.Lines {
		size += len(l.Data)
	}
	for i, record := range pending {
		seq := part.last + int64(i) + 1
		if seq <= after {
			continue
		}
		if b.full(len(page.Lines), size, len(record)) {
			page.More = true
			break
		}
		page.Lines = append(page.Lines, Line{Seq: seq, Data: record})
		size += len(record)
	}
	return page, nil
}

// Back calls visit with the records in reverse order, until it returns false.
func (j *Journal) Back(visit func(Line) bool) error {
	j.mu.Lock()
	end, last, pending := j.index.end, j.index.lastSeq(), j.pending
	j.mu.Unlock()
	for i := len(pending) - 1; i >= 0; i-- {
		if !visit(Line{Seq: last + int64(i) + 1, Data: pending[i]}) {
			return nil
		}
	}
	return back(j.file, end, last, visit)
}

// Close writes the pending records, if it can, and releases the session. It may
// be called again.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	err := j.flush()
	if len(j.pending) > 0 {
		err = fmt.Errorf("%d events of session %s are lost: %w", len(j.pending), j.header.SessionID, err)
	}
	j.closed = true
	if j.dir != nil {
		_ = j.dir.Close()
	}
	return errors.Join(err, j.file.Close(), release(j.lock))
}
