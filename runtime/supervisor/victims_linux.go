package supervisor

import (
	"os"
	"strconv"
	"strings"
)

const (
	oomScoreFile = "/proc/self/oom_score_adj"
	victimScore  = 1000 // the highest
)

// victims makes the kernel kill commands when memory runs out, and not the
// supervisor, which can be larger than each of them: a command is forked while
// this process has the highest score, which the command inherits.
type victims struct {
	score *os.File // of this process
	own   []byte   // the score between forks
}

func newVictims(score *os.File) (*victims, error) {
	if score == nil {
		return nil, nil
	}
	text := make([]byte, 16)
	n, err := score.ReadAt(text, 0)
	if n == 0 && err != nil {
		return nil, err
	}
	own := strings.TrimSpace(string(text[:n]))
	if _, err := strconv.Atoi(own); err != nil {
		return nil, err
	}
	return &victims{score, []byte(own)}, nil
}

// fork calls start to fork a process with the highest score. Calls must not
// overlap.
func (v *victims) fork(start func() (pid int, err error)) (int, error) {
	if v == nil {
		return start()
	}
	if _, err := v.score.WriteAt([]byte(strconv.Itoa(victimScore)), 0); err != nil {
		return 0, err
	}
	pid, err := start()
	_, _ = v.score.WriteAt(v.own, 0) // reset it, which is always allowed
	return pid, err
}
