package seed

// Face is one of the demo company's people as Telegram knows them.
type Face struct {
	Telegram int64
	Name     string
	Language string
	Role     string // the active one
	Status   string // approved, pending or blocked
}

// Faces are the demo company's people who have Telegram, in a fixed order.
func Faces() []Face {
	var faces []Face
	for _, p := range people {
		if p.telegram != 0 {
			status := p.status
			if status == "" {
				status = "approved"
			}
			faces = append(faces, Face{p.telegram, p.name, p.language, p.roles[0], status})
		}
	}
	return faces
}
