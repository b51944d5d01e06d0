package session

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // registers the formats
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// Bounds of an image that a client attaches.
const (
	maxImage       = 5_000_000 // bytes of its file
	maxImageSide   = 8_000     // pixels: providers refuse more
	maxAttachments = 20        // images of one prompt
)

// imageTypes are the formats that models take.
var imageTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif"}

// message is what a step says: the text for the model, and images.
type message struct {
	parts  []string // of the text
	images []event.Image
}

func (m message) text() string { return strings.Join(m.parts, "\n\n") }

func (m *message) addImage(c ContextItem, img event.Image) {
	m.images = append(m.images, img)
	if label := c.label(); label != "" {
		m.parts = append(m.parts, fenced(label, fmt.Sprintf("[image %d of this message]", len(m.images))))
	}
}

// bytes is the size of the images.
func (m message) bytes() int {
	n := 0
	for _, img := range m.images {
		n += len(img.Data)
	}
	return n
}

// image decodes Data. field names the item in an error.
func (c ContextItem) image(field string) (event.Image, error) {
	at := func(name, format string, args ...any) error {
		return &runtime.InvalidError{Field: strings.TrimPrefix(field+"."+name, "."), Reason: fmt.Sprintf(format, args...)}
	}
	if !slices.Contains(imageTypes, c.MIMEType) {
		return event.Image{}, at("mimeType", "%.40q: give one of %s", c.MIMEType, strings.Join(imageTypes, ", "))
	}
	if base64.StdEncoding.DecodedLen(len(c.Data)) > maxImage+2 {
		return event.Image{}, at("data", "has more than %d bytes", maxImage)
	}
	data, err := base64.StdEncoding.DecodeString(c.Data)
	if err != nil {
		return event.Image{}, at("data", "is not base64")
	}
	img, err := checkImage(data)
	switch {
	case err != nil:
		return img, at("data", "%v", err)
	case img.MIMEType != c.MIMEType:
		return img, at("mimeType", "%s: the data is %s", c.MIMEType, img.MIMEType)
	}
	return img, nil
}

// isImage reports whether a file begins as an image does.
func isImage(data []byte) bool { return slices.Contains(imageTypes, http.DetectContentType(data)) }

// checkImage refuses what no model takes: another format, a file of more than 5 MB,
// a side of more than 8,000 pixels. It decodes no pixels.
func checkImage(data []byte) (event.Image, error) {
	img := event.Image{MIMEType: http.DetectContentType(data), Data: data}
	switch {
	case !slices.Contains(imageTypes, img.MIMEType):
		return img, errors.New("is no image: give png, jpeg, webp or gif")
	case len(data) > maxImage:
		return img, fmt.Errorf("has %d bytes: at most %d are accepted", len(data), maxImage)
	case img.MIMEType == "image/webp": // its size is not read
		return img, nil
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return img, fmt.Errorf("is damaged: %w", err)
	case c.Width < 1 || c.Height < 1 || c.Width > maxImageSide || c.Height > maxImageSide:
		return img, fmt.Errorf("has %d by %d pixels: at most %d on each side are accepted", c.Width, c.Height, maxImageSide)
	}
	return img, nil
}
