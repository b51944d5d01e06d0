package supervisor

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// watchPause is how often the memory of commands is checked.
	watchPause = 100 * time.Millisecond
	// watchShare limits the checks, which are slow for large processes, to a
	// tenth of one CPU.
	watchShare = 9
	// looks is how often the limit must be exceeded, lookPause apart. A process
	// that is about to execute a program shares its parent's memory, and both
	// report it.
	looks     = 3
	lookPause = 4 * time.Millisecond
)

// watchMemory kills the largest command whenever all of them together take more
// than limit. It lives as long as the process.
func (s *server) watchMemory(limit int64) {
	for pause := watchPause; ; {
		time.Sleep(pause)
		s.mu.Lock()
		busy := len(s.commands) > 0
		s.mu.Unlock()
		if !busy {
			pause = watchPause
			continue
		}
		began := time.Now()
		if largest, over := s.tooMuch(limit); over {
			s.kill(largest)
		}
		pause = max(watchPause, watchShare*time.Since(began))
	}
}

// tooMuch reports whether commands together take more than limit, and which of
// them takes most.
func (s *server) tooMuch(limit int64) (largest uint32, over bool) {
	// This counts shared memory for each process, which is fast.
	if total, _ := s.measure(false); total <= limit {
		return 0, false
	}
	for range looks {
		var total int64
		if total, largest = s.measure(true); total <= limit {
			return 0, false
		}
		time.Sleep(lookPause)
	}
	return largest, true
}

// measure adds up the memory of all tagged processes, in a PID namespace also
// of untagged ones, and returns the command that takes most of it.
func (s *server) measure(exact bool) (total int64, largest uint32) {
	self := os.Getpid()
	by := map[uint32]int64{}
	for _, pid := range processes() {
		if pid == self {
			continue
		}
		id, ok := s.tagOf(pid)
		if !ok && !s.alone {
			continue
		}
		size := memoryOf(pid, exact)
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

// kill ends a command because of its memory; 0 means all processes without a
// tag.
func (s *server) kill(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		// Processes without a tag belong to the only command that runs.
		if tag, _ := s.tagOf(c.pid); c.id == id || tag == id || id == 0 && len(s.commands) == 1 {
			c.tooLarge.Store(true)
			s.signal(c, unix.SIGKILL)
		}
	}
	if s.alone { // it can hide in another process group
		for _, pid := range processes() {
			if tag, _ := s.tagOf(pid); pid != os.Getpid() && tag == id {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}
}

// The memory of a process, swapped out or not, that belongs to no file on a
// disk: private and shared memory. The exact figure counts a part of shared
// memory for each process.
var (
	exactFields = [][]byte{[]byte("Pss_Anon"), []byte("Pss_Shmem"), []byte("SwapPss")}
	quickFields = [][]byte{[]byte("RssAnon"), []byte("RssShmem"), []byte("VmSwap")}
)

// memoryOf returns the memory of a process in bytes. Where the exact figure is
// denied or unknown (before Linux 5.4) it is the fast one, which can be too
// large.
func memoryOf(pid int, exact bool) int64 {
	name := strconv.Itoa(pid)
	if size, ok := taskMemory(name, exact); ok {
		return size
	}
	// A process can live on after its first thread has ended, which then shows
	// nothing; use another thread.
	threads, _ := os.ReadDir("/proc/" + name + "/task")
	for _, thread := range threads {
		if size, ok := taskMemory(thread.Name(), exact); ok {
			return size
		}
	}
	return 0
}

func taskMemory(task string, exact bool) (size int64, ok bool) {
	if exact {
		if size, ok = sumFields("/proc/"+task+"/smaps_rollup", exactFields); ok {
			return size, true
		}
	}
	return sumFields("/proc/"+task+"/status", quickFields)
}

// sumFields adds up fields in kB of a file in /proc; ok is false if the file
// lacks the first of them.
func sumFields(file string, names [][]byte) (sum int64, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(text) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		for i, want := range names {
			if bytes.Equal(name, want) {
				kB, _ := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(value), []byte("kB")))), 10, 64)
				sum += kB << 10
				ok = ok || i == 0
			}
		}
	}
	return sum, ok
}
