package reports

import "ukbot/housing/workflow"

// word is something by its key, in the languages of companies.
type word struct{ key, ru, uz, en string }

func (w word) in(language string) string {
	switch language {
	case "ru":
		return w.ru
	case "uz":
		return w.uz
	}
	return w.en
}

// say is the word of a key; the key itself if there is none.
func say(words []word, key, language string) string {
	for _, w := range words {
		if w.key == key {
			return w.in(language)
		}
	}
	return key
}

// sayStatus is a status in words.
func sayStatus(status, language string) string {
	info := workflow.Of(workflow.Status(status))
	return word{status, info.RU, info.UZ, info.EN}.in(language)
}

// categories in the order of the document.
var categories = []word{
	{"electricity", "Электрика", "Elektr", "Electricity"},
	{"plumbing", "Сантехника", "Santexnika", "Plumbing"},
	{"heating", "Отопление", "Isitish", "Heating"},
	{"ventilation", "Вентиляция", "Ventilyatsiya", "Ventilation"},
	{"lift", "Лифт", "Lift", "Lift"},
	{"cleaning", "Уборка", "Tozalash", "Cleaning"},
	{"grounds", "Благоустройство", "Obodonlashtirish", "Grounds"},
	{"security", "Безопасность", "Xavfsizlik", "Security"},
	{"internet_tv", "Интернет/ТВ", "Internet/TV", "Internet/TV"},
	{"other", "Другое", "Boshqa", "Other"},
}

var urgencies = []word{
	{"normal", "Обычная", "Oddiy", "Normal"},
	{"medium", "Средняя", "Oʻrtacha", "Medium"},
	{"urgent", "Срочная", "Shoshilinch", "Urgent"},
	{"critical", "Критическая", "Favqulodda", "Critical"},
}

var yes = word{"yes", "да", "ha", "yes"}

// sheet is what the table is called in a workbook.
var sheet = word{"sheet", "Заявки", "Arizalar", "Requests"}
