package seed

// person is one of the demo company's people. Their numbers begin with +998 00,
// a code that no operator of Uzbekistan has.
type person struct {
	name     string
	language string
	roles    []string // the first is active
	skills   []string // specialisations of an executor
	status   string   // approved unless said
	telegram int64    // none for a resident who only phones
}

// Chats of the simulator that the demo company knows already.
const (
	chatPayer   = 1001
	chatManager = 2002
)

var (
	resident = []string{"applicant"}
	executor = []string{"executor", "applicant"}
	manager  = []string{"manager", "applicant"}
	admin    = []string{"admin", "manager"}
)

// people are the demo company's: 24 residents, 10 executors, 4 managers and 2 administrators.
var people = []person{
	{"Дилноза Каримова", "uz", resident, nil, "", chatPayer},
	{"Ольга Петрова", "ru", manager, nil, "", chatManager},
	{"Бахром Юсупов", "uz", manager, nil, "", 2003},
	{"Елена Ким", "ru", manager, nil, "", 2004},
	{"Шахноза Рашидова", "uz", []string{"manager", "executor"}, []string{"other", "cleaning"}, "", 2005},
	{"Сергей Волков", "ru", admin, nil, "", 4004},
	{"Нодира Исмаилова", "uz", admin, nil, "", 4005},

	{"Алишер Тошматов", "uz", executor, []string{"plumbing", "heating"}, "", 3003},
	{"Виктор Соколов", "ru", executor, []string{"electricity", "lift"}, "", 3004},
	{"Jasur Rahimov", "uz", executor, []string{"plumbing", "heating", "ventilation"}, "", 3005},
	{"Игорь Ткаченко", "ru", executor, []string{"lift", "electricity"}, "", 3006},
	{"Sardor Qodirov", "uz", executor, []string{"electricity", "internet_tv", "security"}, "", 3007},
	{"Рустам Ахмедов", "ru", executor, []string{"heating", "plumbing"}, "", 3008},
	{"Gulnora Saidova", "uz", executor, []string{"cleaning", "grounds"}, "", 3009},
	{"Тимур Мухамедов", "ru", executor, []string{"grounds", "cleaning", "other"}, "", 3010},
	{"Андрей Ли", "ru", executor, []string{"internet_tv", "security", "ventilation"}, "", 3011},
	{"Ulug‘bek Nazarov", "uz", executor, []string{"security", "other", "ventilation"}, "pending", 3012},

	{"Мадина Абдуллаева", "ru", resident, nil, "", 1002},
	{"Otabek G‘ulomov", "uz", resident, nil, "", 1003},
	{"Наталья Иванова", "ru", resident, nil, "", 1004},
	{"Zilola To‘xtayeva", "uz", resident, nil, "", 1005},
	{"Фарход Усманов", "ru", resident, nil, "", 1006},
	{"Kamola Ergasheva", "uz", resident, nil, "", 1007},
	{"Дмитрий Пак", "ru", resident, nil, "", 1008},
	{"Shoira Mirzayeva", "uz", resident, nil, "", 1009},
	{"Людмила Григорьевна Орлова", "ru", resident, nil, "", 0},
	{"Botir Xolmatov", "uz", resident, nil, "", 1010},
	{"Анвар Саидов", "ru", resident, nil, "", 1011},
	{"Nigora Yo‘ldosheva", "uz", resident, nil, "", 1012},
	{"Светлана Цой", "ru", resident, nil, "", 1013},
	{"Islom Karimberdiyev", "uz", resident, nil, "", 1014},
	{"Галина Смирнова", "ru", resident, nil, "", 0},
	{"Feruza Umarova", "uz", resident, nil, "", 1015},
	{"Павел Морозов", "ru", resident, nil, "", 1016},
	{"Jamshid Sobirov", "uz", resident, nil, "", 1017},
	{"Азиза Нурматова", "ru", resident, nil, "", 1018},
	{"Husan Eshonov", "uz", resident, nil, "", 1019},
	{"Камила Расулова", "ru", resident, nil, "pending", 1020},
	{"Doniyor Aliyev", "uz", resident, nil, "pending", 1021},
	{"Эдуард Хан", "ru", resident, nil, "blocked", 1022},
}
