package seed

import "ukbot/housing/workflow"

// remarks are what is said with an action, Russian first.
var remarks = map[workflow.Action]struct{ ru, uz []string }{
	workflow.Assign: {
		[]string{"Прежний исполнитель на другой аварии", "Нужен второй мастер"},
		[]string{"Oldingi usta boshqa avariyada", "Boshqa usta kerak"},
	},
	workflow.Buy: {
		[]string{"Нужен новый смеситель, заказал на складе", "Жду материалы: труба 20 мм, две муфты", "Заказали лампы и автомат на 25 А"},
		[]string{"Yangi jo‘mrak kerak, ombordan buyurtma berdim", "Material kutyapman: 20 mm quvur, ikkita mufta", "Lampalar va 25 A avtomat buyurtma qilindi"},
	},
	workflow.Clarify: {
		[]string{"Когда вы будете дома?", "Уточните, пожалуйста, какая комната", "Не открыли дверь, когда удобно прийти?"},
		[]string{"Qachon uyda bo‘lasiz?", "Qaysi xona ekanini aniqlashtiring", "Eshik ochilmadi, qachon kelsak bo‘ladi?"},
	},
	workflow.Answer: {
		[]string{"Дома после шести вечера", "Большая комната, у окна", "Приходите завтра до обеда"},
		[]string{"Kechki oltidan keyin uydaman", "Katta xona, deraza yonida", "Ertaga tushgacha keling"},
	},
	workflow.Done: {
		[]string{"Заменил смеситель, протечки нет", "Починил, проверил вместе с жильцом", "Заменил автомат, всё работает", "Убрали, прочистили, работает"},
		[]string{"Jo‘mrakni almashtirdim, suv oqmayapti", "Tuzatdim, xonadon egasi bilan tekshirdik", "Avtomatni almashtirdim, hammasi ishlayapti", "Tozalandi, ishlayapti"},
	},
	workflow.Rework: {
		[]string{"На фото видно, что подтёк остался", "Не закрыт щиток, доделайте"},
		[]string{"Rasmda suv izi ko‘rinib turibdi", "Shchit yopilmagan, oxiriga yetkazing"},
	},
	workflow.Return: {
		[]string{"На следующий день снова потекло", "Свет опять мигает"},
		[]string{"Ertasi kuni yana oqdi", "Chiroq yana lipillayapti"},
	},
	workflow.Cancel: {
		[]string{"Починили сами", "Уже не нужно, заработало", "Ошибся адресом"},
		[]string{"O‘zimiz tuzatdik", "Endi kerak emas, ishlab ketdi", "Manzilni adashtirdim"},
	},
	workflow.Accept: { // with the stars
		[]string{"Спасибо, быстро и аккуратно", "Всё хорошо", "Сделали, но пришлось ждать", ""},
		[]string{"Rahmat, tez va ozoda", "Hammasi yaxshi", "Qilindi, lekin kutishga to‘g‘ri keldi", ""},
	},
}

// forced is what a manager writes who accepts for a resident that does not answer.
var forced = "Жилец не отвечает три дня, работа проверена на месте"

// talk is what people write below a request, Russian first, by who says it.
var talk = []struct {
	role   string
	inside bool // for staff only
	ru, uz string
}{
	{"executor", false, "Буду через час", "Bir soatda boraman"},
	{"applicant", false, "Спасибо, жду", "Rahmat, kutaman"},
	{"manager", true, "Жилец жаловался на этот стояк и в прошлом месяце", "Bu quvurdan o‘tgan oy ham shikoyat bo‘lgan"},
	{"executor", true, "Возьму с собой второй комплект прокладок", "Ikkinchi komplekt prokladka olib boraman"},
	{"applicant", false, "Код домофона 24К", "Domofon kodi 24K"},
}
