package local

import (
	"bytes"
	"os"
	"slices"
	"strconv"
)

// HideEnvironment overwrites the values of the named variables in the memory
// behind /proc/PID/environ, which any process of the same user can read.
// os.Getenv and os.Environ have a copy and still return them: a process that is
// started with that environment shows them again.
//
// It hides nothing from a process that may read the server's whole memory. It
// does nothing where the system does not allow it, and on systems other than
// Linux.
func HideEnvironment(names ...string) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return
	}
	start, end, ok := environmentArea(stat)
	if !ok {
		return
	}
	mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer func() { _ = mem.Close() }()
	env := make([]byte, end-start)
	if _, err := mem.ReadAt(env, start); err != nil {
		return
	}
	at := start
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		key, value, ok := bytes.Cut(entry, []byte("="))
		if ok && slices.Contains(names, string(key)) {
			_, _ = mem.WriteAt(make([]byte, len(value)), at+int64(len(key)+1)) // on failure it just stays readable
		}
		at += int64(len(entry) + 1)
	}
}

// maxEnvironment is more than Linux allows a new process by default.
const maxEnvironment = 8 << 20

// environmentArea reads env_start and env_end, fields 50 and 51 (from 1) of
// proc(5)'s stat. Field 2, the program's name in parentheses, can hold
// anything, so it counts fields from there.
func environmentArea(stat []byte) (start, end int64, ok bool) {
	const envStart, envEnd = 50 - 3, 51 - 3
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= envEnd {
		return 0, 0, false
	}
	start, startErr := strconv.ParseInt(string(fields[envStart]), 10, 64)
	end, endErr := strconv.ParseInt(string(fields[envEnd]), 10, 64)
	ok = startErr == nil && endErr == nil && 0 < start && start < end && end-start <= maxEnvironment
	return start, end, ok
}
