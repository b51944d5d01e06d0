package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// MaxImages bounds the images of one message or result, in bytes of their files.
// Base64 makes them a third longer in the journal and in every request.
const MaxImages = 20 << 20

// maxSessionImages bounds the images of a session, because each request sends all
// that are in the conversation, and the journal keeps them.
const maxSessionImages = 64 << 20

func imageBytes(list []event.Image) int {
	n := 0
	for _, img := range list {
		n += len(img.Data)
	}
	return n
}

// images returns what the conversation can have of a result's images. It tells the
// model when they are left out.
func (t *turn) images(res *tools.Result) []event.Image {
	if len(res.Images) == 0 {
		return nil
	}
	var list []event.Image
	for _, img := range res.Images {
		list = append(list, event.Image(img))
	}
	switch size := imageBytes(list); {
	case t.state().TakesNoImages():
		res.Text += "\n[not shown: the model takes no images]"
	case size > MaxImages:
		res.Text += fmt.Sprintf("\n[not shown: images of %d bytes, of at most %d in one result]", size, MaxImages)
	case t.state().ImageBytes()+size > maxSessionImages:
		res.Text += fmt.Sprintf("\n[not shown: this session has had %d MiB of images and takes no more]", maxSessionImages>>20)
	default:
		return list
	}
	return nil
}

// CheckImages refuses images that a message of the session cannot have.
func (a *Agent) CheckImages(list []event.Image) error {
	switch size := imageBytes(list); {
	case size > MaxImages:
		return fmt.Errorf("images of %d bytes; at most %d are accepted", size, MaxImages)
	case size > 0 && a.state().ImageBytes()+size > maxSessionImages:
		return fmt.Errorf("this session has had %d MiB of images and takes no more: begin a new one", maxSessionImages>>20)
	}
	return nil
}

// refusesImages reports whether a request failed because of its images. Then they
// are left out of the conversation, and the request can be sent again.
func (t *turn) refusesImages(ctx context.Context, err error) bool {
	if !errors.Is(err, ErrNoImages) || !slices.ContainsFunc(t.state().Messages(), func(m event.Message) bool { return len(m.Images) > 0 }) {
		return false
	}
	t.send(ctx, event.Record{Event: event.Event{
		Kind: event.KindNotice, Level: event.LevelWarning,
		Text: "the model takes no images: they are left out of the conversation",
	}, NoImages: true})
	return true
}
