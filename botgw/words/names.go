package words

import "strings"

// marks are the pictures by which people tell things apart faster than by words.
// There is one for everything that names.go names, and a test sees to that.
var marks = map[string]string{
	"status.new": "🆕", "status.in_progress": "🛠", "status.purchase": "🛒", "status.clarification": "💬",
	"status.completed": "🏁", "status.confirmed": "☑️", "status.returned": "↩️", "status.accepted": "✅", "status.cancelled": "🚫",

	"category.electricity": "⚡️", "category.plumbing": "🚰", "category.heating": "🔥", "category.ventilation": "💨",
	"category.lift": "🛗", "category.cleaning": "🧹", "category.grounds": "🌳", "category.security": "🛡",
	"category.internet_tv": "📶", "category.other": "🧩",

	"urgency.normal": "🟢", "urgency.medium": "🟡", "urgency.urgent": "🟠", "urgency.critical": "🔴",

	"role.applicant": "🏠", "role.executor": "👷", "role.manager": "💼", "role.admin": "🔑",

	"shift.planned": "🗓", "shift.open": "🟢", "shift.closed": "⚪️", "shift.cancelled": "🚫",

	"language.ru": "🇷🇺", "language.uz": "🇺🇿", "language.en": "🇬🇧",
}

// Mark is the picture of what a key names ("status.new"); "" where it has none.
func Mark(key string) string { return marks[key] }

// Status is a request's status with its mark: "🆕 Новая". Without: b.Plain("status.new").
func (b Book) Status(status string) string { return b.marked("status." + status) }

// Category is a category with its mark.
func (b Book) Category(category string) string { return b.marked("category." + category) }

// Urgency is an urgency with its mark.
func (b Book) Urgency(urgency string) string { return b.marked("urgency." + urgency) }

// Role is a role with its mark.
func (b Book) Role(role string) string { return b.marked("role." + role) }

// Shift is a shift's status with its mark.
func (b Book) Shift(status string) string { return b.marked("shift." + status) }

// Relation is what somebody is to an apartment.
func (b Book) Relation(relation string) string { return b.named("relation." + relation) }

// Standing is how a person stands with the company: "pending", "approved", "blocked".
func (b Book) Standing(status string) string { return b.named("person." + status) }

// LanguageName is a language's own name with its flag; the same in every book.
func (b Book) LanguageName(code string) string { return b.marked("language." + code) }

// Problem is what a refusal of the housing services means and what to do about
// it, plain and short enough for a toast.
func (b Book) Problem(code string) string {
	if text, known := b.find("problem." + code); known {
		return text
	}
	return b.Plain("problem.internal")
}

// Rating is stars: "★★★★☆".
func Rating(stars int) string {
	stars = min(max(stars, 0), 5)
	return strings.Repeat("★", stars) + strings.Repeat("☆", 5-stars)
}

func (b Book) marked(key string) string {
	if mark := marks[key]; mark != "" {
		return mark + " " + b.named(key)
	}
	return b.named(key)
}

// named is a name; one that is newer than this program stands as the services
// call it.
func (b Book) named(key string) string {
	if text, known := b.find(key); known {
		return text
	}
	_, name, _ := strings.Cut(key, ".")
	return name
}

// Address is an address in the book's language. Addresses are put into words when
// they come up, in the company's language: only how the apartment is called
// differs, and its number is known; "" for none. What ends otherwise stays as it is.
func (b Book) Address(address, apartment string) string {
	if apartment == "" {
		return address
	}
	for _, language := range Languages {
		end := For(language).Plain("flow.place_apartment", Args{"Address": "", "Number": apartment})
		if street, is := strings.CutSuffix(address, end); is && street != "" {
			return b.Plain("flow.place_apartment", Args{"Address": street, "Number": apartment})
		}
	}
	return address
}
