package local

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"

	"github.com/pygent/pygent/runtime/internal/confine"
)

// maxFiles is how many descriptors a process may have open.
const maxFiles = 16 << 10

// limit sets the limits of each process, which children inherit and cannot
// raise.
func (s *spec) limit() error {
	limits := map[int]uint64{unix.RLIMIT_CORE: 0}
	if s.FileBytes > 0 {
		limits[unix.RLIMIT_FSIZE] = uint64(s.FileBytes)
	}
	if s.Processes > 0 {
		limits[unix.RLIMIT_NPROC] = uint64(s.Processes)
	}
	if s.Level != "none" {
		limits[unix.RLIMIT_NOFILE] = maxFiles
	}
	for resource, value := range limits {
		var old syscall.Rlimit
		if err := syscall.Getrlimit(resource, &old); err != nil {
			return err
		}
		value = min(value, old.Max)
		// Not by package unix: otherwise package syscall does not know the
		// limit for files and gives children the one from the start.
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("limit %d to %d: %w", resource, value, err)
		}
	}
	return nil
}

// dropCapabilities permanently drops all capabilities of all threads.
func dropCapabilities() error {
	if err := allThreads(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("clear the ambient set: %w", err)
	}
	for c := uintptr(0); c <= 63; c++ {
		on, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0)
		if err != nil {
			break // the kernel has no more
		}
		if on == 0 {
			continue
		}
		err = allThreads(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0)
		if errors.Is(err, unix.EPERM) && !privileged() {
			break // without CAP_SETPCAP; no_new_privs makes the rest of the set useless
		}
		if err != nil {
			return fmt.Errorf("drop %d from the bounding set: %w", c, err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := allThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0); err != nil {
		return fmt.Errorf("drop the others: %w", err)
	}
	if err := allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return nil
}

// privileged reports whether this process may change its bounding set.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SETPCAP) != 0
}

// allThreads makes a system call on every thread: otherwise the threads that
// the Go runtime has started already would keep the capabilities.
func allThreads(call, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// loopbackUp starts 127.0.0.1 in a new network namespace, which has no other
// interface.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, req); err != nil {
		return err
	}
	req.SetUint16(req.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}

// landlockStrong enforces the rules of the mounts a second time, and prevents
// changes of the mounts.
func (s *spec) landlockStrong() error {
	write := append([]string{s.View.Home, "/tmp", "/dev/shm"}, s.Write...)
	if !s.ReadOnly {
		write = append(write, s.Workspace)
	}
	if err := s.scopeSockets(); err != nil {
		return err
	}
	return confine.Files(write, s.Sockets)
}

// minMediumABI is the version of Landlock that level medium needs, because
// nothing else there prevents commands from truncating files (3), signalling
// the server and reaching abstract sockets (6).
const minMediumABI = 6

// landlockMedium is the only protection of files at level medium.
func (s *spec) landlockMedium() error {
	if abi := confine.ABI(); abi < minMediumABI {
		return fmt.Errorf("the kernel has version %d and %d is needed; use Linux 6.12 or later with Landlock among its security modules", abi, minMediumABI)
	}
	dirs, files, listed := s.View.expand()
	write := append([]string{s.Workspace, s.HomeDir, s.TmpDir}, s.Write...)
	return landlock.V6.Restrict(
		landlock.RODirs(append(dirs, "/proc")...).IgnoreIfMissing(),
		landlock.ROFiles(files...).IgnoreIfMissing(),
		landlock.PathAccess(llsys.AccessFSReadDir, listed...).IgnoreIfMissing(),
		landlock.RWDirs(write...).WithRefer(),
		landlock.RWFiles(confine.Devices...).IgnoreIfMissing(),
		landlock.ROFiles("/proc/self/exe"), // for the second stage
	)
}
