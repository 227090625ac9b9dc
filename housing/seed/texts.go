package seed

// texts are what residents write, by category: first those who write Russian,
// then those who write Uzbek.
var texts = map[string]struct{ ru, uz []string }{
	"electricity": {
		[]string{
			"Нет света на лестничной площадке третьего этажа, темно и опасно",
			"Искрит розетка на кухне, пахнет горелым",
			"Выбивает автомат в щитке, когда включаем стиральную машину",
			"Мигает свет во всей квартире с вечера",
			"Перегорела лампа над входом в подъезд",
			"Счётчик электроэнергии гудит и показывает нули",
		},
		[]string{
			"Zinapoyada chiroq yonmayapti, qorong‘u va xavfli",
			"Oshxonadagi rozetka uchqun chiqaryapti, kuyik hidi bor",
			"Kir yuvish mashinasi yonsa, avtomat o‘chib qolyapti",
			"Kechadan beri xonadonda chiroq lipillayapti",
			"Kirish eshigi tepasidagi lampa kuygan",
		},
	},
	"plumbing": {
		[]string{
			"Течёт кран на кухне, вода не перекрывается",
			"Протечка под раковиной, заливает соседей снизу",
			"Засор в ванной, вода не уходит",
			"Нет холодной воды с утра",
			"Течёт стояк в туалете, поставили ведро",
			"Очень слабый напор горячей воды",
			"Подтекает унитаз, вода бежит постоянно",
		},
		[]string{
			"Oshxonadagi jo‘mrak oqyapti, suv to‘xtamayapti",
			"Rakovina tagidan suv oqib, pastdagi qo‘shniga tushyapti",
			"Hammomda quvur tiqilib qolgan, suv ketmayapti",
			"Ertalabdan beri sovuq suv yo‘q",
			"Hojatxonadagi quvurdan suv oqyapti, chelak qo‘ydik",
			"Issiq suv bosimi juda past",
		},
	},
	"heating": {
		[]string{
			"Батареи холодные, в комнате 15 градусов",
			"Течёт радиатор в спальне",
			"Стучит в трубах отопления по ночам",
			"Греет только одна батарея из трёх",
		},
		[]string{
			"Batareyalar sovuq, xonada 15 daraja",
			"Yotoqxonadagi radiator oqyapti",
			"Kechasi isitish quvurlari taqillayapti",
			"Uchta batareyadan faqat bittasi isiyapti",
		},
	},
	"ventilation": {
		[]string{
			"Не работает вытяжка в ванной, сырость и плесень",
			"Из вентиляции идёт запах от соседей",
			"Гудит вентилятор на крыше над нашей квартирой",
		},
		[]string{
			"Hammomda havo so‘rgich ishlamayapti, zax va mog‘or",
			"Ventilyatsiyadan qo‘shnining hidi kelyapti",
			"Tomdagi ventilyator shovqin qilyapti",
		},
	},
	"lift": {
		[]string{
			"Лифт застрял между этажами, внутри люди",
			"Лифт не едет выше пятого этажа",
			"В лифте не закрываются двери",
			"Лифт дёргается и скрипит",
		},
		[]string{
			"Lift qavatlar orasida to‘xtab qoldi, ichida odamlar bor",
			"Lift beshinchi qavatdan yuqoriga chiqmayapti",
			"Lift eshigi yopilmayapti",
			"Lift silkinib, g‘ijirlayapti",
		},
	},
	"cleaning": {
		[]string{
			"В подъезде не мыли пол две недели",
			"Мусор не вывезли, контейнер переполнен",
			"После ремонта у соседей весь коридор в пыли",
			"Просим помыть окна на лестнице",
		},
		[]string{
			"Yo‘lakda pol ikki haftadan beri yuvilmagan",
			"Chiqindi olib ketilmadi, konteyner to‘lib ketgan",
			"Qo‘shnining ta’miridan keyin yo‘lak chang bo‘ldi",
			"Zinapoya oynalarini yuvib bering",
		},
	},
	"grounds": {
		[]string{
			"Сломана качель на детской площадке",
			"Во дворе упало дерево, загородило проезд",
			"Яма у въезда во двор, машины бьются",
			"Не работает полив газона",
		},
		[]string{
			"Bolalar maydonchasidagi arg‘imchoq singan",
			"Hovlida daraxt yiqilib, yo‘lni to‘sib qo‘ydi",
			"Hovliga kirishda chuqur bor, mashinalar uriladi",
			"Maysazor sug‘orilmayapti",
		},
	},
	"security": {
		[]string{
			"Не работает домофон, дверь подъезда открыта",
			"Сломан замок в подвал, туда заходят посторонние",
			"Камера у входа не показывает",
		},
		[]string{
			"Domofon ishlamayapti, yo‘lak eshigi ochiq",
			"Yerto‘la qulfi buzilgan, begonalar kiryapti",
			"Kirishdagi kamera ko‘rsatmayapti",
		},
	},
	"internet_tv": {
		[]string{
			"Нет интернета во всём подъезде",
			"Пропал сигнал телевидения после грозы",
			"Оборван кабель на чердаке, висит у окна",
		},
		[]string{
			"Butun yo‘lakda internet yo‘q",
			"Momaqaldiroqdan keyin televizor signali yo‘qoldi",
			"Chordoqdagi kabel uzilgan, deraza oldida osilib turibdi",
		},
	},
	"other": {
		[]string{
			"Соседи шумят после одиннадцати вечера, прошу поговорить",
			"Нужна справка о составе семьи",
			"Потеряли ключ от чердака, нужен доступ к антенне",
		},
		[]string{
			"Qo‘shnilar kech soat o‘n birdan keyin shovqin qilyapti",
			"Oila tarkibi haqida ma’lumotnoma kerak",
			"Chordoq kalitini yo‘qotdik, antennaga chiqish kerak",
		},
	},
}

// weights are how often a category is asked for, of 100.
var weights = []struct {
	category string
	n        int
}{
	{"plumbing", 30},
	{"electricity", 18},
	{"heating", 12},
	{"lift", 9},
	{"cleaning", 9},
	{"grounds", 6},
	{"security", 5},
	{"internet_tv", 4},
	{"ventilation", 4},
	{"other", 3},
}

// urgencies are how often each is chosen, of 100.
var urgencies = []struct {
	urgency string
	n       int
}{{"normal", 55}, {"medium", 27}, {"urgent", 14}, {"critical", 4}}
