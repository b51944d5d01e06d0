package supervisor

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// watchPause is how often the memory of commands is looked at.
	watchPause = 100 * time.Millisecond
	// watchShare keeps the looking, which is slow where processes are large, at a
	// tenth of one CPU.
	watchShare = 9
	// looks is how often too much must be seen, lookPause apart. A process that is
	// about to execute a program shares its parent's memory, and both report it.
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

// tooMuch tells whether commands take more than limit together, and which of them
// takes most.
func (s *server) tooMuch(limit int64) (largest uint32, over bool) {
	// What processes share is counted for each of them here, which is quick.
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

// measure adds up the memory of all tagged processes, in a PID namespace of
// untagged ones too, and names the command that takes most of it.
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

// kill ends a command for its size; 0 stands for all that bear no tag.
func (s *server) kill(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		// Nobody's processes are those of a command that runs by itself.
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

// What a process has in memory, or swapped out, that is no file's: its own, and
// shared memory, which lies in files of no disk. An exact figure has each its part
// of what is shared.
var (
	exactFields = [][]byte{[]byte("Pss_Anon"), []byte("Pss_Shmem"), []byte("SwapPss")}
	quickFields = [][]byte{[]byte("RssAnon"), []byte("RssShmem"), []byte("VmSwap")}
)

// memoryOf is what a process takes, in bytes. Where its exact figure is refused or
// not known (before Linux 5.4) that is the quick one, which can be too large.
func memoryOf(pid int, exact bool) int64 {
	name := strconv.Itoa(pid)
	if size, ok := taskMemory(name, exact); ok {
		return size
	}
	// A process can live on when its first thread has ended, which then tells
	// nothing; another thread does.
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

// sumFields adds fields of a file of /proc up, given there in kB; ok is false when
// the file has not got the first of them.
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
