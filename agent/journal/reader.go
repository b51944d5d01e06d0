package journal

import (
	"os"
	"sync"
	"time"
)

// Reader reads a journal that another process may be writing. It is safe for
// concurrent use.
type Reader struct {
	header Header
	first  int64 // length of the header's line
	file   *os.File

	mu    sync.Mutex
	index index
}

// Header returns the settings that the session was made with.
func (r *Reader) Header() Header { return r.header }

// refresh indexes what was written since the last call. The caller holds mu.
func (r *Reader) refresh() error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < r.index.end {
		r.index = index{} // the file's end was cut
	}
	if err := r.index.scan(r.file, info.Size()); err != nil {
		return err
	}
	return r.index.trim(r.file)
}

// Page returns the records after a number.
func (r *Reader) Page(after int64, b Bounds) (Page, error) {
	r.mu.Lock()
	err := r.refresh()
	part := r.index.section(after)
	r.mu.Unlock()
	if err != nil {
		return Page{}, err
	}
	return part.read(r.file, after, b)
}

// Head returns the first records without looking at the rest: LastSeq and More
// are not set.
func (r *Reader) Head(b Bounds) (Page, error) {
	const most = 1 << 20
	info, err := r.file.Stat()
	if err != nil {
		return Page{}, err
	}
	var x index
	if err := x.scan(r.file, min(info.Size(), r.first+most)); err != nil {
		return Page{}, err
	}
	page, err := x.section(0).read(r.file, 0, b)
	page.LastSeq, page.More = 0, false
	return page, err
}

// Back calls visit with the whole records in reverse order, until it returns
// false. It does not count lines: their Seq is 0.
func (r *Reader) Back(visit func(Line) bool) error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	if end > r.first {
		last := make([]byte, 1)
		if _, err := r.file.ReadAt(last, end-1); err != nil {
			return err
		}
		if last[0] != '\n' { // torn: the text after the last newline is no record
			if end, err = lineBefore(r.file, end+1); err != nil {
				return err
			}
		}
	}
	stopped := false
	for end > r.first && !stopped {
		start, err := lineBefore(r.file, end)
		if err != nil {
			return err
		}
		if err := back(r.file, end, 1, func(l Line) bool {
			l.Seq = 0
			stopped = !visit(l)
			return false
		}); err != nil {
			return err
		}
		end = start
	}
	return nil
}

// Modified returns the time of the last write.
func (r *Reader) Modified() (time.Time, error) {
	info, err := r.file.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }
