package docker

import (
	"maps"
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

// labels are those of a container made by this process now.
func labels(instanceID string, extra map[string]string) map[string]string {
	all := maps.Clone(extra)
	if all == nil {
		all = make(map[string]string)
	}
	self := instance.Self()
	all[labelApp] = appName
	all[labelInstance] = instanceID
	all[labelPID] = strconv.Itoa(self.PID)
	all[labelStartTime] = self.StartTime
	all[labelBootID] = self.BootID
	all[labelHost] = self.Host
	all[labelMachine] = self.Machine
	all[labelPIDSpace] = self.PIDNamespace
	return all
}

// owner reads from a container's labels which process made it. A PID that is none
// becomes 0, which proves nothing.
func owner(l map[string]string) instance.Identity {
	pid, _ := strconv.Atoi(l[labelPID])
	return instance.Identity{
		PID: pid, StartTime: l[labelStartTime], BootID: l[labelBootID],
		Host: l[labelHost], Machine: l[labelMachine], PIDNamespace: l[labelPIDSpace],
	}
}
