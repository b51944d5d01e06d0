package supervisor

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// watchPause is how often the memory of commands is looked at.
const watchPause = 100 * time.Millisecond

// watchMemory kills the largest command whenever all of them together take more
// than limit. What a process shares with others, files above all, is not counted.
// It lives as long as the process.
func (s *server) watchMemory(limit int64) {
	for range time.Tick(watchPause) {
		s.mu.Lock()
		busy := len(s.shells) > 0
		s.mu.Unlock()
		if !busy {
			continue
		}
		if total, largest := s.measure(); total > limit {
			s.kill(largest)
		}
	}
}

// measure adds up the memory of all tagged processes and names the command that
// takes most of it.
func (s *server) measure() (total int64, largest uint32) {
	self := os.Getpid()
	by := map[uint32]int64{}
	for _, pid := range processes() {
		if pid == self {
			continue
		}
		id, ok := tagOf(pid)
		if !ok && !s.alone {
			continue
		}
		size := residentBytes(pid)
		total += size
		by[id] += size
	}
	for id, size := range by {
		if size > by[largest] {
			largest = id
		}
	}
	return total, largest
}

func (s *server) kill(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.commands[id]; c != nil {
		c.tooLarge.Store(true)
		s.signal(c, unix.SIGKILL)
	}
	if s.alone { // it can hide in another process group
		for _, pid := range processes() {
			if tag, ok := tagOf(pid); pid != os.Getpid() && ok && tag == id {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}
}

// residentBytes is what a process has in memory for itself alone.
func residentBytes(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return 0
	}
	resident, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	shared, _ := strconv.ParseInt(string(fields[2]), 10, 64)
	return (resident - shared) * int64(os.Getpagesize())
}
