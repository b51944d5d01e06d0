package docker

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	heldBytes   = 4 << 10 // output kept back until the command has started
	reportBytes = 8 << 10 // one line; 256 PIDs fit
)

// Kinds of report, in their order.
const (
	reportNoDir = "nodir" // instead of all others
	reportStart = "start" // PID OOM-KILLS
	reportExit  = "exit"  // CODE
	reportSwept = "swept" // OOM-KILLS [PID...]: the processes of unknown owner
)

// report is a line from a script.
type report struct {
	kind     string
	pid      string
	code     int
	oomKills int64 // processes of this container that the kernel has killed; -1: unknown
	unknown  bool  // there are processes without a mark
}

// parseReport parses a line. ok is false for lines that the shell itself writes
// to stderr, such as "Killed".
func parseReport(line string) (r report, ok bool) {
	f := strings.Fields(line)
	if len(f) == 0 {
		return r, false
	}
	r.kind = f[0]
	switch {
	case r.kind == reportNoDir && len(f) == 1:
		return r, true
	case r.kind == reportStart && len(f) == 3:
		r.pid, r.oomKills = f[1], parseCount(f[2])
		return r, true
	case r.kind == reportExit && len(f) == 2:
		code, err := strconv.Atoi(f[1])
		r.code = code
		return r, err == nil
	case r.kind == reportSwept && len(f) >= 2:
		r.oomKills, r.unknown = parseCount(f[1]), len(f) > 2
		return r, true
	}
	return r, false
}

func parseCount(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// demux receives both streams of a command from one goroutine. It passes stdout
// to out and the reports in stderr to the channel.
type demux struct {
	out     io.Writer
	reports chan report // buffered; never more than the three that a run has
	last    string      // the kind of the latest report; "" before the first
	line    []byte
	held    bytes.Buffer // stdout before the start: an error message of the daemon
	started bool
	failed  bool // out refused a write

	busy   atomic.Bool               // in a call of out
	moved  atomic.Bool               // a call of out has ended since the last call of moving
	lastBy atomic.Pointer[time.Time] // when the last call of out may begin; nil: no limit
}

func newDemux(out io.Writer) *demux {
	return &demux{out: out, reports: make(chan report, 3)}
}

func (d *demux) stdout() io.Writer { return writerFunc(d.writeOut) }
func (d *demux) stderr() io.Writer { return writerFunc(d.writeReports) }

// writeOut never fails: a command's output must be read to the end even when
// nobody wants it, or the command would block.
func (d *demux) writeOut(p []byte) (int, error) {
	if !d.started {
		if d.held.Len()+len(p) <= heldBytes {
			return d.held.Write(p)
		}
		d.begin()
	}
	if by := d.lastBy.Load(); d.failed || by != nil && time.Now().After(*by) {
		return len(p), nil
	}
	d.busy.Store(true)
	_, err := d.out.Write(p)
	d.failed = err != nil
	d.moved.Store(true)
	d.busy.Store(false)
	return len(p), nil
}

// moving reports whether a call of out runs now or has ended since the last
// call of moving.
func (d *demux) moving() bool {
	busy := d.busy.Load() // loaded first: a call that ends meanwhile sets moved
	return d.moved.Swap(false) || busy
}

// stopBy drops output that would reach out after t, or after the time of an
// earlier call, whichever comes first.
func (d *demux) stopBy(t time.Time) {
	for {
		by := d.lastBy.Load()
		if by != nil && by.Before(t) || d.lastBy.CompareAndSwap(by, &t) {
			return
		}
	}
}

func (d *demux) begin() {
	d.started = true
	if d.held.Len() > 0 {
		_, _ = d.writeOut(d.held.Bytes())
	}
}

func (d *demux) writeReports(p []byte) (int, error) {
	for _, b := range p {
		if b != '\n' {
			if len(d.line) < reportBytes {
				d.line = append(d.line, b)
			}
			continue
		}
		r, ok := parseReport(string(d.line))
		d.line = d.line[:0]
		if !ok || !follows(r.kind, d.last) {
			continue
		}
		if r.kind == reportStart && !d.started {
			d.begin()
		}
		d.last = r.kind
		d.reports <- r // never blocks: the buffer holds each kind once
	}
	return len(p), nil
}

// follows reports whether kind may come after last. The wrapper writes no
// report out of order or twice.
func follows(kind, last string) bool {
	switch kind {
	case reportNoDir, reportStart:
		return last == ""
	case reportExit:
		return last == reportStart
	case reportSwept:
		return last == reportExit
	}
	return false
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
