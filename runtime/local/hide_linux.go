package local

import (
	"bytes"
	"os"
	"slices"
	"strconv"
)

// HideEnvironment overwrites the values of the named variables in the memory
// from which the kernel answers /proc/PID/environ, where any process of the
// same user could read them. os.Getenv and os.Environ, which have a copy, still
// know them: whoever starts a process with that environment shows them again.
//
// It hides nothing from a process that may read the server's whole memory.
// Where the system does not let it, it does nothing. Elsewhere than on Linux it
// does nothing either.
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
			_, _ = mem.WriteAt(make([]byte, len(value)), at+int64(len(key)+1)) // on failure it stays readable, no more
		}
		at += int64(len(entry) + 1)
	}
}

// maxEnvironment is more than Linux lets a process start with by default.
const maxEnvironment = 8 << 20

// environmentArea reads env_start and env_end, fields 50 and 51 of proc(5)'s
// stat, which count from 1. The second, the program's name in parentheses, can
// hold anything, so counting begins behind it.
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
