package docker

import (
	"maps"
	"os"
	"strconv"
)

// Labels of our containers. Together they prove, later and from another
// process, whether the process that made a container is dead.
const (
	labelApp       = "pygent.app"
	labelInstance  = "pygent.instance"
	labelPID       = "pygent.pid"
	labelStartTime = "pygent.pid-start-time" // in clock ticks since boot
	labelBootID    = "pygent.boot-id"
	labelHost      = "pygent.host"          // a daemon can serve several machines
	labelMachine   = "pygent.machine-id"    // and hosts can have the same name
	labelPIDSpace  = "pygent.pid-namespace" // and a PID means something in one namespace only

	appName = "pygent"
)

// labels are those of a container made by this process now.
func labels(instance string, extra map[string]string) map[string]string {
	all := maps.Clone(extra)
	if all == nil {
		all = make(map[string]string)
	}
	start, _ := startTime(os.Getpid()) // "" proves nothing, which is right
	all[labelApp] = appName
	all[labelInstance] = instance
	all[labelPID] = strconv.Itoa(os.Getpid())
	all[labelStartTime] = start
	all[labelBootID] = bootID()
	all[labelHost] = hostName()
	all[labelMachine] = machineID()
	all[labelPIDSpace] = pidNamespace()
	return all
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// provablyDead tells from a container's labels whether its process is gone.
// Anything unknown, foreign or missing proves nothing.
func provablyDead(l map[string]string) bool {
	boot, machine := bootID(), machineID()
	if boot == "" || l[labelBootID] == "" || l[labelHost] == "" || l[labelHost] != hostName() {
		return false
	}
	if machine == "" || l[labelMachine] != machine {
		return false
	}
	if l[labelBootID] != boot {
		return true
	}
	if l[labelPIDSpace] == "" || l[labelPIDSpace] != pidNamespace() {
		return false
	}
	pid, err := strconv.Atoi(l[labelPID])
	if err != nil || pid <= 0 || l[labelStartTime] == "" {
		return false
	}
	start, known := startTime(pid)
	return known && start != l[labelStartTime]
}
