"""The words of a language that say little by themselves: articles, pronouns, prepositions, auxiliaries.

Negations are none: they turn what a text says.
"""

_LISTED = {
    "english": (
        "a about above after again all also am an and any are as at be because been before being below "
        "between both but by can could did do does doing down during each few for from further had has "
        "have having he her here hers herself him himself his how i if in into is it its itself just me "
        "more most my myself of off on once only or other our ours ourselves out over own same she should "
        "so some such than that the their theirs them themselves then there these they this those through "
        "to too under until up very was we were what when where which while who whom why will with would "
        "you your yours yourself yourselves"
    ),
    "german": (
        "aber alle allem allen aller alles als also am an ander andere anderem anderen anderer auch auf "
        "aus bei bin bis bist da damit dann das dass dasselbe dazu dein deine dem den denn der des dessen "
        "dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen "
        "einer eines er es etwas euch euer eure f\xfcr gegen hab habe haben hat hatte hatten hier hin "
        "hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist ja jede jedem jeden "
        "jeder jedes jene kann k\xf6nnen man mein meine mich mir mit muss nach noch nun nur ob oder sehr "
        "sein seine seinem seinen seiner selbst sich sie sind so solche soll sondern sonst um und uns "
        "unser unsere unter vom von vor w\xe4hrend war waren was weil welche wenn wer werde werden wie "
        "wieder will wir wird wo wurde w\xfcrde zu zum zur zwischen \xfcber"
    ),
    "french": (
        "\xe0 ai as au aux avec avoir c ce ces cet cette d dans de des du elle elles en est et \xe9tait "
        "\xeatre eu eux il ils j je l la le les leur leurs lui m ma mais me m\xeame mes moi mon nos notre "
        "nous on ont ou o\xf9 par pour qu que qui s sa se ses si son sont sur t ta te tes toi ton tu un "
        "une vos votre vous y"
    ),
    "spanish": (
        "a al algo algunas algunos ante antes como con contra cual cuando de del desde donde durante e el "
        "\xe9l ella ellas ellos en entre era eran es esa esas ese eso esos esta est\xe1 estas este esto "
        "estos fue ha hab\xeda han hasta hay la las le les lo los m\xe1s me mi mis mucho muy nos nosotros "
        "o os otra otro para pero poco por porque que qu\xe9 quien se ser si s\xed sobre son su sus "
        "tambi\xe9n te tiene todo todos tu t\xfa tus un una uno unos y ya yo"
    ),
    "italian": (
        "a ad agli ai al alla alle allo anche che chi ci come con cui da dagli dai dal dalla dalle dallo "
        "degli dei del della delle dello di dove e \xe8 ed era erano gli ha hai hanno ho i il in io la le "
        "lei li lo loro lui ma mi mia mio ne negli nei nel nella nelle nello noi nostra nostro o per "
        "perch\xe9 pi\xf9 quale quando quanto quella quelle quelli quello questa queste questi questo se "
        "sei si sia siamo sono su sua sue sugli sui sul sulla sulle sullo suo suoi ti tra tu tua tuo "
        "tutti tutto un una uno vi voi"
    ),
    "portuguese": (
        "\xe0 a ao aos aquela aquele aquilo as \xe0s at\xe9 com como da das de dela dele deles depois do "
        "dos e \xe9 ela elas ele eles em entre era essa esse esta est\xe1 este eu foi foram h\xe1 isso "
        "isto j\xe1 lhe lhes mais mas me mesmo meu meus minha muito na nas no nos n\xf3s nossa nosso num "
        "numa o os ou para pela pelas pelo pelos por qual quando que quem s\xe3o se ser seu seus s\xf3 "
        "sua suas tamb\xe9m te tem tinha tu tua um uma voc\xea voc\xeas"
    ),
    "dutch": (
        "aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een "
        "en er ge had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon kunnen "
        "maar me meer men met mij mijn moet na naar nog nu of om omdat ons ook op over reeds te tegen "
        "toch toen tot u uit uw van veel voor want waren was wat we wel werd wezen wie wij wil worden "
        "wordt zal ze zelf zich zij zijn zo zou"
    ),
    "chinese": (
        "\u7684 \u4e86 \u548c \u662f \u5c31 \u90fd \u800c \u53ca \u4e0e \u7740 \u6216 \u4e00\u4e2a \u6211 "
        "\u4f60 \u4ed6 \u5979 \u5b83 \u6211\u4eec \u4f60\u4eec \u4ed6\u4eec \u8fd9 \u90a3 \u8fd9\u4e2a "
        "\u90a3\u4e2a \u5728 \u4e5f \u5f88 \u5417 \u5427 \u5462 \u554a \u4e4b \u4e8e \u4ee5 \u4e3a \u88ab "
        "\u628a \u8ba9 \u4ece \u5230 \u5bf9 \u5411 \u56e0\u4e3a \u6240\u4ee5 \u4f46 \u4f46\u662f "
        "\u5982\u679c \u8fd8 \u53c8 \u5730 \u5f97"
    ),
}

STOP_WORDS: dict[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _LISTED.items()}
