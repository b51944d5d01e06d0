//go:build !linux

package instance

// Without Linux's /proc no process can be proved dead, so nothing is reaped.

func startTime(int) (start string, known bool) { return "", false }

func bootID() string { return "" }

func machineID() string { return "" }

func pidNamespace() string { return "" }
