package runtimetest

import (
	"fmt"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SignalAll sends all signals to each thread of a process, by all system calls
// that can do that. It does not check whether that ended the process. For a
// process with one thread, which is no supervisor, it returns an error.
func SignalAll(pid int) error {
	tasks, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil || len(tasks) < 2 {
		return fmt.Errorf("%d threads: %w", len(tasks), err)
	}
	for sig := uintptr(1); sig <= 64; sig++ {
		var info [128]byte
		info[0], info[8] = byte(sig), 0xfe // si_signo, si_code: SI_QUEUE and the like
		for i := 9; i < 12; i++ {
			info[i] = 0xff
		}
		at := uintptr(unsafe.Pointer(&info))
		for _, task := range tasks {
			tid, _ := strconv.Atoi(task.Name())
			_ = unix.Kill(tid, unix.Signal(sig))
			_ = unix.Tgkill(pid, tid, unix.Signal(sig))
			_, _, _ = unix.Syscall(unix.SYS_TKILL, uintptr(tid), sig, 0)
			_, _, _ = unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(tid), sig, at)
			_, _, _ = unix.Syscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(pid), uintptr(tid), sig, at, 0, 0)
		}
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			_ = unix.PidfdSendSignal(fd, unix.Signal(sig), nil, 0)
			_ = unix.Close(fd)
		}
	}
	return nil
}
