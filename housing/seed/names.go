package seed

// Names of a loaded company's people, Russian and Uzbek, given and family.
var (
	givenRU = []string{
		"Анна", "Сергей", "Ольга", "Дмитрий", "Наталья", "Андрей", "Елена", "Павел", "Ирина", "Виктор", "Татьяна", "Игорь",
		"Мадина", "Рустам", "Камила", "Тимур", "Лола", "Фарход", "Азиза", "Эльдар", "Светлана", "Олег", "Людмила", "Артём",
	}
	familyRU = []string{
		"Петров", "Ким", "Иванов", "Соколов", "Цой", "Волков", "Ли", "Морозов", "Пак", "Абдуллаев", "Усманов", "Каримов",
		"Саидов", "Ахмедов", "Хан", "Ткаченко", "Орлов", "Юсупов", "Мухамедов", "Тен", "Смирнов", "Рашидов", "Нурматов", "Исмаилов",
	}
	givenUZ = []string{
		"Otabek", "Zilola", "Jasur", "Nigora", "Sardor", "Feruza", "Botir", "Shoira", "Islom", "Kamola", "Doniyor", "Gulnora",
		"Ulug‘bek", "Nodira", "Husan", "Dilshod", "Malika", "Jamshid", "Sevara", "Alisher", "O‘g‘iloy", "Sherzod", "Barno", "Temur",
	}
	familyUZ = []string{
		"G‘ulomov", "To‘xtayev", "Rahimov", "Yo‘ldoshev", "Qodirov", "Umarov", "Xolmatov", "Mirzayev", "Karimberdiyev", "Ergashev",
		"Aliyev", "Saidov", "Nazarov", "Ismoilov", "Eshonov", "Tursunov", "Hamidov", "Sobirov", "Nurmatov", "Toshmatov", "Qosimov",
		"Ro‘ziyev", "Usmonov", "Abdullayev",
	}
)

// details end some descriptions: what residents add. The last ones are rare,
// for searches that find little.
var details = struct{ ru, uz, rareRU, rareUZ []string }{
	ru: []string{
		"второй подъезд", "этаж пятый", "дома после шести", "уже третий раз за месяц", "позвоните заранее", "дома маленький ребёнок",
		"прошу прислать мастера сегодня", "звонить соседке снизу", "вход со двора", "началось вчера вечером",
	},
	uz: []string{
		"ikkinchi yo‘lak", "beshinchi qavat", "kechki oltidan keyin uydaman", "bu oyda uchinchi marta", "oldindan qo‘ng‘iroq qiling",
		"uyda yosh bola bor", "ustani bugun yuboring", "hovli tomondan kiriladi", "kecha kechqurun boshlandi",
	},
	rareRU: []string{"водонагреватель Аристон свистит", "над аквариумом", "рядом с пианино", "после визита газовщика"},
	rareUZ: []string{"Ariston suv isitgichi yonida", "akvarium tepasida", "pianino yonida", "gazchi kelgandan keyin"},
}

// rareOf is one in how many descriptions has a rare detail.
const rareOf = 2000

// streets of a loaded company's yards; each has many houses.
var streets = []string{
	"Чиланзар", "Юнусабад", "Сергели", "Yakkasaroy", "Мирабад", "Бектемир", "Olmazor", "Шайхантахур", "Учтепа", "Yashnobod",
}
