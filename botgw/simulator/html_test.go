package simulator

import (
	"encoding/json"
	"testing"
	"unicode/utf16"
)

// Offsets are bytes of the markup in complaints, and UTF-16 code units of the
// text in entities.
func TestHTMLIsRefusedInTelegramsWords(t *testing.T) {
	for markup, want := range map[string]string{
		"&#57311;":                              "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units",
		"&#xDFDF":                               "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units",
		"🏠 ул&lt;<marquee":                      "Unclosed start tag at byte offset 13",
		"🏠 ул&lt;<font red>":                    `Unsupported start tag "font" at byte offset 13`,
		"🏠 ул&lt;<font>":                        `Unsupported start tag "font" at byte offset 13`,
		"🏠 ул&lt;<i   =id>":                     `Empty attribute name in the tag "i" at byte offset 13`,
		"🏠 ул&lt;<i    id>":                     `Can't find end tag corresponding to start tag "i"`,
		"🏠 ул&lt;<i    id  =  ":                 `Unclosed start tag "i" at byte offset 13`,
		"🏠 ул&lt;<i id = 12-a.,":                "Unexpected end of name token at byte offset 21",
		"🏠 ул&lt;<i id = \"&lt;&quot;>":         "Unclosed start tag at byte offset 13",
		"🏠 ул&lt;<i id = '&lt;&quot;>":          "Unclosed start tag at byte offset 13",
		"🏠 ул&lt;</":                            "Unexpected end tag at byte offset 13",
		"🏠 ул&lt;<b></b></":                     "Unexpected end tag at byte offset 20",
		"🏠 ул&lt;<i>a</i   ":                    "Unclosed end tag at byte offset 17",
		"🏠 ул&lt;<i>a</em   >":                  `Unmatched end tag at byte offset 17, expected "</i>", found "</em>"`,
		"a < b":                                 `Unsupported start tag "" at byte offset 2`,
		"<3":                                    "Unclosed start tag at byte offset 0",
		"<br>":                                  `Unsupported start tag "br" at byte offset 0`,
		"<a href":                               `Unclosed start tag "a" at byte offset 0`,
		"<span>x</span>":                        `Tag "span" must have class "tg-spoiler" at byte offset 0`,
		"<tg-emoji emoji-id=\"x\">y</tg-emoji>": "Invalid custom emoji identifier specified",
	} {
		want = "Bad Request: can't parse entities: " + want
		if _, _, err := parseHTML(markup); err == nil || err.Error() != want {
			t.Errorf("parseHTML(%q)\n got %v\nwant %s", markup, err, want)
		}
	}
}

func TestHTMLBecomesTextAndEntities(t *testing.T) {
	for markup, want := range map[string]struct {
		text     string
		entities []Entity
	}{
		"": {"", nil},
		"&ge;&lt;&gt;&amp;&quot;&laquo;&#12345678;": {"&ge;<>&\"&laquo;&#12345678;", nil},
		"&#1040;&#x411;":                                                  {"АБ", nil},
		"Uy 12<em>Uy 12</em>":                                             {"Uy 12Uy 12", []Entity{{Type: "italic", Offset: 5, Length: 5}}},
		"Uy 12<STRONG>Uy 12</strong>":                                     {"Uy 12Uy 12", []Entity{{Type: "bold", Offset: 5, Length: 5}}},
		"<u>a</u><ins>b</ins>":                                            {"ab", []Entity{{Type: "underline", Length: 1}, {Type: "underline", Offset: 1, Length: 1}}},
		"<s>a</s><strike>b</strike><del>c</>":                             {"abc", []Entity{{Type: "strikethrough", Length: 1}, {Type: "strikethrough", Offset: 1, Length: 1}, {Type: "strikethrough", Offset: 2, Length: 1}}},
		"🏠 ул<i>🔑 &gt;<b id   =   street>&lt🔑</b></i>":                    {"🏠 ул🔑 ><🔑", []Entity{{Type: "italic", Offset: 5, Length: 7}, {Type: "bold", Offset: 9, Length: 3}}},
		"🏠 ул&lt;<i id = '&lt;&gt;'>a</>":                                 {"🏠 ул<a", []Entity{{Type: "italic", Offset: 6, Length: 1}}},
		"🏠 ул&lt;<b></b>":                                                 {"🏠 ул<", nil},
		"<span class = \"tg-spoiler\">a</span><tg-spoiler>b</tg-spoiler>": {"ab", []Entity{{Type: "spoiler", Length: 1}, {Type: "spoiler", Offset: 1, Length: 1}}},
		"<code><i><b> </b></i></code>":                                    {" ", []Entity{{Type: "code", Length: 1}, {Type: "bold", Length: 1}, {Type: "italic", Length: 1}}},
		"<a href=mahalla.uz>\t</a>":                                       {"\t", []Entity{{Type: "text_link", Length: 1, URL: "http://mahalla.uz/"}}},
		"<a   href=  'mahalla.uz?&lt;'   > </a>":                          {" ", []Entity{{Type: "text_link", Length: 1, URL: "http://mahalla.uz/?<"}}},
		"<a>mahalla.uz </a>":                                              {"mahalla.uz ", nil},
		"<a>mahalla.uz</a>":                                               {"mahalla.uz", []Entity{{Type: "text_link", Length: 10, URL: "http://mahalla.uz/"}}},
		"<a href=\"http://localhost:8009/\">x</a>":                        {"x", nil},
		"<a href=\"tg://user?id=7\">Aziza</a>":                            {"Aziza", []Entity{{Type: "text_mention", Length: 5, User: &EntityUser{ID: 7}}}},
		"<pre  >🔑&lt;</><code >x</>":                                      {"🔑<x", []Entity{{Type: "pre", Length: 3}, {Type: "code", Offset: 3, Length: 1}}},
		"<pre><code class=\"language-\">x</code></>":                      {"x", []Entity{{Type: "pre", Length: 1}, {Type: "code", Length: 1}}},
		"<pre><code class=\"language-go\">x</></>":                        {"x", []Entity{{Type: "pre", Length: 1, Language: "go"}}},
		"<code class=\"language-go\"><pre>x</></>":                        {"x", []Entity{{Type: "pre", Length: 1, Language: "go"}}},
		"<pre><code class=\"language-go\">x</> </>":                       {"x ", []Entity{{Type: "pre", Length: 2}, {Type: "code", Length: 1}}},
		"<tg-emoji emoji-id=\"1234\">🔑</tg-emoji>":                        {"🔑", []Entity{{Type: "custom_emoji", Length: 2, CustomEmojiID: "1234"}}},
		"<blockquote   cite=\"\" id x>a&lt;<pre  >b;</></>":               {"a<b;", []Entity{{Type: "blockquote", Length: 4}, {Type: "pre", Offset: 2, Length: 2}}},
		"<blockquote   expandable=false>a</>":                             {"a", []Entity{{Type: "expandable_blockquote", Length: 1}}},
	} {
		text, entities, err := parseHTML(markup)
		got, _ := json.Marshal(entities)
		wanted, _ := json.Marshal(want.entities)
		if err != nil || text != want.text || string(got) != string(wanted) {
			t.Errorf("parseHTML(%q)\n got %q %s %v\nwant %q %s", markup, text, got, err, want.text, wanted)
		}
	}
}

// FuzzHTML looks for markup that breaks the parser or gives an entity that lies
// outside of its text.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{"<b>x</b>", "&#x1F3DF;<a href='x.uz'>y</a>", "<pre><code class=\"language-go\">z</></>", "a<", "&", "&#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		text, entities, err := parseHTML(markup)
		if err != nil {
			return
		}
		length := len(utf16.Encode([]rune(text)))
		for _, e := range entities {
			if e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > length {
				t.Errorf("parseHTML(%q): entity %+v outside of %d code units", markup, e, length)
			}
		}
	})
}
