package spelling

type rule struct{ from, to string }

// letters spells each lower-case letter in Latin; "" is a letter that is only
// a sign. Apostrophes are letters here: o‘, o' and oʻ are one word.
var letters = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'ё': "yo", 'ж': "j", 'з': "z", 'и': "i", 'й': "y",
	'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f",
	'х': "h", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "sh", 'ъ': "", 'ы': "i", 'ь': "", 'э': "e", 'ю': "yu", 'я': "ya",
	'ў': "o", 'қ': "k", 'ғ': "g", 'ҳ': "h", // Uzbek
	'ә': "a", 'і': "i", 'ї': "yi", 'є': "ye", 'ң': "ng", 'ө': "o", 'ү': "u", 'ұ': "u", 'һ': "h", 'ҷ': "j", 'ӣ': "i", 'ӯ': "u", // of neighbours

	'\'': "", '`': "", '´': "", '‘': "", '’': "", '‛': "", '′': "", 'ʻ': "", 'ʼ': "", 'ʹ': "", 'ʽ': "", 'ˈ': "", 'ˊ': "", 'ˋ': "", '＇': "",

	'á': "a", 'à': "a", 'â': "a", 'ä': "a", 'ã': "a", 'å': "a", 'ə': "a", 'é': "e", 'è': "e", 'ê': "e", 'ë': "e",
	'í': "i", 'ì': "i", 'î': "i", 'ï': "i", 'ı': "i", 'ó': "o", 'ò': "o", 'ô': "o", 'ö': "o", 'õ': "o", 'ō': "o",
	'ú': "u", 'ù': "u", 'û': "u", 'ü': "u", 'ŭ': "u", 'ý': "y", 'ÿ': "y", 'ñ': "n", 'ń': "n", 'ş': "sh", 'š': "sh",
	'ç': "ch", 'č': "ch", 'ğ': "g", 'ǵ': "g", 'ž': "j", 'ß': "s",
}

// beginnings of words: x is "х" in Uzbek, but not in these.
var beginnings = []rule{
	{" alex", " aleks"}, {" olex", " oleks"}, {" maxim", " maksim"}, {" xeni", " kseni"},
}

// endings are the rules of rewrite: what is written with several letters, as
// few. Each makes the word shorter, so shortening ends.
var endings = []rule{
	{"shch", "sh"}, {"sch", "sh"}, {"tch", "ch"}, // щ
	{"zh", "j"}, {"dj", "j"}, // ж, дж
	{"kh", "h"}, {"gh", "g"}, {"ph", "f"}, // х, ғ
	{"ts", "s"}, // ц
}
