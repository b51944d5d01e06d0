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
)

// maxFiles is how many descriptors a process may have open.
const maxFiles = 16 << 10

// limit sets the limits that a process has for itself, and that its children
// inherit and cannot raise.
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
		// Not by package unix: the syscall package must know of the one for files,
		// or it gives children what it found at the start.
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("limit %d to %d: %w", resource, value, err)
		}
	}
	return nil
}

// dropCapabilities gives up all capabilities of all threads, for good.
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
			break // without CAP_SETPCAP; no_new_privs keeps what is left of the set useless
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

// privileged tells whether this process may change its bounding set.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SETPCAP) != 0
}

// allThreads makes a system call on every thread: those of the kernel that the
// Go runtime has started already would otherwise keep what is given up.
func allThreads(call, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// loopbackUp makes 127.0.0.1 work in a new network namespace, which has nothing
// but it.
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

// devices are the files of /dev that commands can use.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}

// landlockABI is the version of Landlock that the kernel has, 0 for none.
func landlockABI() int {
	abi, err := llsys.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return abi
}

// landlockStrong is the second lock on what the mounts have locked already, and
// keeps the mounts as they are. It has no scope for signals, which namespaces
// give: the kernel makes a domain for each thread, and the supervisor could then signal
// commands only from the thread that forked them.
func (s *spec) landlockStrong() error {
	if abi := landlockABI(); abi < minStrongABI {
		return fmt.Errorf("the kernel has version %d and %d is needed; use Linux 5.19 or later with Landlock among its security modules", abi, minStrongABI)
	}
	write := append([]string{s.View.Home, "/tmp", "/dev/shm"}, s.Write...)
	if !s.ReadOnly {
		write = append(write, s.Workspace)
	}
	if err := s.scopeSockets(); err != nil {
		return err
	}
	return landlock.V6.BestEffort().RestrictPaths(
		landlock.RODirs("/"),
		landlock.RWDirs(write...).WithRefer(),
		landlock.RWDirs("/dev/pts").WithIoctlDev(),
		landlock.RWFiles(devices...),
	)
}

// Versions of Landlock that the levels need. Medium has nothing else to keep
// commands from truncating files (3) and from signalling the server and reaching
// abstract sockets (6).
const (
	minStrongABI = 2
	minMediumABI = 6
)

// landlockMedium is all that keeps files apart at level medium.
func (s *spec) landlockMedium() error {
	if abi := landlockABI(); abi < minMediumABI {
		return fmt.Errorf("the kernel has version %d and %d is needed; use Linux 6.12 or later with Landlock among its security modules", abi, minMediumABI)
	}
	dirs, files, listed := s.View.expand()
	write := append([]string{s.Workspace, s.HomeDir, s.TmpDir}, s.Write...)
	return landlock.V6.Restrict(
		landlock.RODirs(append(dirs, "/proc")...).IgnoreIfMissing(),
		landlock.ROFiles(files...).IgnoreIfMissing(),
		landlock.PathAccess(llsys.AccessFSReadDir, listed...).IgnoreIfMissing(),
		landlock.RWDirs(write...).WithRefer(),
		landlock.RWFiles(devices...).IgnoreIfMissing(),
		landlock.ROFiles("/proc/self/exe"), // for the second stage
	)
}
