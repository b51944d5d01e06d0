package rpc

import "syscall"

// process holds a handle, which prevents the reuse of the process's number.
type process struct{ handle syscall.Handle }

func findProcess(pid int) (*process, bool) {
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return &process{}, false
	}
	p := &process{h}
	if !p.alive() {
		p.close()
		return &process{}, false
	}
	return p, true
}

func (p *process) alive() bool {
	event, err := syscall.WaitForSingleObject(p.handle, 0)
	return err == nil && event == syscall.WAIT_TIMEOUT
}

func (p *process) close() { _ = syscall.CloseHandle(p.handle) }
