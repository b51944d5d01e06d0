package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/image"

	"github.com/pygent/pygent/runtime"
)

// Values of Options.Pull.
const (
	PullNever   = "never"
	PullMissing = "missing"
)

const (
	pullTimeout  = 30 * time.Minute
	pullInterval = time.Second // between two lines about downloaded bytes
)

// Pull fetches an image from its registry, without credentials. progress gets a
// line for every step of a layer and, about once a second, how much was
// downloaded. The error wraps runtime.ErrUnavailable.
func (c *Client) Pull(ctx context.Context, ref string, progress func(line string)) error {
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	stream, err := c.api.ImagePull(ctx, ref, image.PullOptions{})
	if err != nil {
		return c.explain("pull image "+ref, err)
	}
	defer func() { _ = stream.Close() }()
	if err := followPull(stream, progress); err != nil {
		return c.explain("pull image "+ref, err)
	}
	return nil
}

// pullEvent is one message of a pull. Source: the Engine API's POST
// /images/create.
type pullEvent struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  string `json:"error"`
	Detail struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
}

// followPull reads a pull's messages to the end, because only the end says
// whether it succeeded: the daemon answers 200 before it begins.
func followPull(stream io.Reader, progress func(line string)) error {
	messages := json.NewDecoder(stream)
	status := make(map[string]string) // each layer's last reported status
	var told time.Time
	for {
		var m pullEvent
		err := messages.Decode(&m)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the progress broke off: %w", err)
		case m.Error != "":
			return errors.New(m.Error)
		}
		again := status[m.ID] == m.Status
		if again && (m.Detail.Total == 0 || time.Since(told) < pullInterval) {
			continue
		}
		status[m.ID], told = m.Status, time.Now()
		progress(m.line())
	}
}

func (m pullEvent) line() string {
	line := m.Status
	if m.ID != "" {
		line = m.ID + ": " + line
	}
	if m.Detail.Total > 0 {
		line += fmt.Sprintf(" %.1f of %.1f MB", float64(m.Detail.Current)/1e6, float64(m.Detail.Total)/1e6)
	}
	return line
}

// provide pulls a missing image before a container is made, if Options.Pull
// says so.
func (c *Client) provide(ctx context.Context, o Options) error {
	switch o.Pull {
	case "", PullNever:
		return nil
	case PullMissing:
	default:
		return &runtime.InvalidError{Field: "pull", Reason: fmt.Sprintf("%q is neither %q nor %q", o.Pull, PullNever, PullMissing)}
	}
	_, err := c.api.ImageInspect(ctx, o.Image)
	if !notFound(err) {
		return nil // other errors show when the container is created
	}
	o.Progress("pulling " + o.Image)
	return c.Pull(ctx, o.Image, o.Progress)
}
