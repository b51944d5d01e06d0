package supervisor

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// diskPause is how often the disk is checked while a command runs.
	diskPause = 100 * time.Millisecond
	// What commands must leave free of a file system: the smaller of both.
	diskReserve = 1 << 30
	diskShare   = 20 // a twentieth
)

// diskFloor returns how many bytes of the disk a command that begins now must
// leave free: the reserve, or half of the free space if that is less.
func (s *server) diskFloor() uint64 {
	free, size := s.diskFree()
	return min(diskReserve, size/diskShare, free/2)
}

// diskFree returns how many bytes ordinary users can still write to the disk,
// and its size. Both are 0 if that is unknown or Options.Disk is not set.
func (s *server) diskFree() (free, size uint64) {
	var stat unix.Statfs_t
	if s.disk == "" || unix.Statfs(s.disk, &stat) != nil {
		return 0, 0
	}
	block := uint64(stat.Bsize) //nolint:gosec // sizes are positive
	return stat.Bavail * block, stat.Blocks * block
}

// watchDisk checks the disk until c has ended, and kills c when less than its
// floor is free.
func (s *server) watchDisk(c *command) {
	if c.floor == 0 {
		return
	}
	time.AfterFunc(diskPause, func() {
		free, size := s.diskFree()
		low := size > 0 && free < c.floor
		s.mu.Lock()
		running := s.commands[c.id] == c
		if low && s.shells[c.pid] == c {
			c.diskFull.Store(true)
			s.signal(c, unix.SIGKILL)
		}
		s.mu.Unlock()
		if running && !low {
			s.watchDisk(c)
		}
	})
}
