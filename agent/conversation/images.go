package conversation

import "github.com/pygent/pygent/agent/event"

// imageLeftOut replaces the images of a message that the model refused.
const imageLeftOut = "[image left out: the model takes no images]"

// addImages adds a message that can have images.
func (s *State) addImages(m event.Message) {
	for _, img := range m.Images {
		s.imageBytes += len(img.Data)
	}
	if s.noImages && len(m.Images) > 0 {
		m = withoutImages(m)
	}
	s.history.add(m)
}

// refuseImages leaves the images of the conversation out, also where a rewind goes
// back to.
func (s *State) refuseImages() {
	s.noImages = true
	strip := func(list []event.Message) {
		for i, m := range list {
			if len(m.Images) > 0 {
				list[i] = withoutImages(m)
			}
		}
	}
	strip(s.history.messages)
	for _, m := range s.history.marks {
		strip(m.before)
	}
}

func withoutImages(m event.Message) event.Message {
	m.Images = nil
	if m.Content != "" {
		m.Content += "\n"
	}
	m.Content += imageLeftOut
	return m
}

// TakesNoImages reports whether the session's model has refused images.
func (s *State) TakesNoImages() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.noImages
}

// ImageBytes is the size of all images that the session has had, encoded as image
// files.
func (s *State) ImageBytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.imageBytes
}
