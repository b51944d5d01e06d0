package docker

import (
	"strconv"

	"github.com/pygent/pygent/runtime/instance"
)

// Labels of our containers. Together they are the identity of the process that
// made a container, and prove later whether it is dead.
const (
	labelApp       = "pygent.app"
	labelInstance  = "pygent.instance"
	labelPID       = "pygent.pid"
	labelStartTime = "pygent.pid-start-time"
	labelBootID    = "pygent.boot-id"
	labelHost      = "pygent.host" // a daemon can serve several machines
	labelMachine   = "pygent.machine-id"
	labelPIDSpace  = "pygent.pid-namespace"

	appName = "pygent"
)

// labels returns the labels of a container that this process makes now.
func labels(instanceID string) map[string]string {
	self := instance.Self()
	return map[string]string{
		labelApp:       appName,
		labelInstance:  instanceID,
		labelPID:       strconv.Itoa(self.PID),
		labelStartTime: self.StartTime,
		labelBootID:    self.BootID,
		labelHost:      self.Host,
		labelMachine:   self.Machine,
		labelPIDSpace:  self.PIDNamespace,
	}
}

// owner reads from a container's labels which process made it. A malformed PID
// becomes 0, which proves nothing.
func owner(l map[string]string) instance.Identity {
	pid, _ := strconv.Atoi(l[labelPID])
	return instance.Identity{
		PID: pid, StartTime: l[labelStartTime], BootID: l[labelBootID],
		Host: l[labelHost], Machine: l[labelMachine], PIDNamespace: l[labelPIDSpace],
	}
}
