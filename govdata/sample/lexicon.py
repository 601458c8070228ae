"""Words the simulated city is made of. Nothing here names a real place or organisation; the province-like block is
19xxxx.

Lists are tuples whose order is part of the generator's determinism: add at the end, never reorder.
"""

from __future__ import annotations

CITY = "示例市"
CITY_CODE = "190100"

COUNTIES: tuple[tuple[str, str], ...] = (
    ("190101", "东湖区"),
    ("190102", "西岭区"),
    ("190103", "南桥区"),
    ("190104", "北苑区"),
    ("190105", "新港区"),
    ("190106", "云溪区"),
    ("190107", "青石区"),
    ("190108", "白塔县"),
    ("190109", "长坪县"),
    ("190110", "清水县"),
    ("190111", "龙泉县"),
    ("190112", "松林县"),
)
"""As declared in standards/codes/gbt_2260_divisions.local.csv; from RURAL on a county has villages."""
RURAL = 7

# Surname and weight (parts per thousand, roughly as common as in life); the two-character ones come last.
SURNAMES: tuple[tuple[str, int], ...] = tuple(
    (surname, weight)
    for surname, weight in [
        *zip("王李张刘陈杨黄赵吴周", [72, 72, 68, 54, 45, 31, 22, 20, 20, 19], strict=True),
        *zip("徐孙马朱胡郭何高林罗", [17, 15, 13, 13, 12, 12, 11, 10, 10, 9], strict=True),
        *((surname, 7) for surname in "郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"),
        *(
            (surname, 3)
            for surname in "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万"
        ),
        *((surname, 1) for surname in ["欧阳", "上官", "诸葛", "司马", "司徒", "夏侯", "皇甫", "慕容", "令狐", "端木"]),
    ]
)

MALE_CHARACTERS = (
    "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林阳建国志文海峰成东亮永新浩然子轩宇航博文思远"
)
FEMALE_CHARACTERS = "芳娜敏静秀丽艳娟霞燕玲桂英兰红梅雪慧婷莹萍洁琳颖佳倩璐晶欣怡雨萱梓涵诗琪梦瑶可馨雅思淑珍凤琴"
# Characters GB18030 writes in four bytes; they are legal in names (GB 18030-2022) and break careless software.
RARE_CHARACTERS = "䶮㛃𠮷𬭩䂮㵘𫍯𬬭"

MINORITY_GIVEN_MALE = ("阿卜杜拉", "买买提", "艾力", "吐尔逊", "木拉提", "叶尔肯", "哈力克", "阿迪力")
MINORITY_GIVEN_FEMALE = ("阿依古丽", "帕提古丽", "热娜", "古丽娜尔", "阿丽亚", "迪丽努尔", "阿依努尔", "巴哈尔")
MINORITY_FAMILY = ("买买提明", "吐尔地", "阿不都", "艾合买提", "卡德尔", "努尔江", "哈斯木", "玉素甫")

# GB/T 3304 codes and weights per thousand; 05 and 17 carry names with an interpunct.
ETHNICITIES: tuple[tuple[str, int], ...] = (
    ("01", 930),
    ("03", 14),
    ("11", 10),
    ("05", 9),
    ("06", 7),
    ("07", 6),
    ("15", 6),
    ("04", 4),
    ("02", 4),
    ("12", 3),
    ("13", 2),
    ("10", 2),
    ("14", 2),
    ("17", 1),
)
INTERPUNCT_ETHNICITIES = ("05", "17")

STREETS = (
    "花园路",
    "人民东路",
    "学府街",
    "建设大道",
    "临江路",
    "环城北路",
    "解放街",
    "和平里",
    "青年路",
    "文昌街",
    "滨湖大道",
    "光明路",
    "新华巷",
    "育才路",
    "望山街",
    "站前路",
    "创业大道",
    "梧桐街",
    "春晖路",
    "迎宾大道",
    "翠竹路",
    "凤凰街",
    "工农路",
    "朝阳路",
    "银杏街",
    "长安里",
    "泰和路",
    "兴业街",
)
COMMUNITIES = (
    "锦绣花园",
    "阳光小区",
    "金色家园",
    "翠湖苑",
    "丽景华庭",
    "安居新村",
    "幸福里",
    "书香苑",
    "江畔雅居",
    "康乐小区",
    "云锦苑",
    "松涛园",
)
TOWNS = ("青禾镇", "石桥镇", "柳河镇", "双林镇", "大沟乡", "平安镇", "红旗乡", "白水镇")
VILLAGES = ("新桥村", "杨家湾村", "上坪村", "下坪村", "石门村", "桃园村", "李家庄村", "月亮湾村", "大树村", "团结村")

HOSPITALS = ("第一人民医院", "妇幼保健院", "中心医院", "中医院", "第二人民医院", "人民医院")

TRADE_NAMES = "华盛恒泰安信瑞丰德润嘉禾宏远博达鼎新万通永兴金茂天成中正国兴海川星河长青卓越启航汇众领先同创联合光大明珠"

# industry (GB/T 4754-2017), word in the company's name, economic scope. ASCII commas and quotes are on purpose: such
# fields must be quoted.
INDUSTRIES: tuple[tuple[str, str, str], ...] = (
    ("6513", "软件科技", "软件开发；信息系统集成服务；信息技术咨询服务；数据处理和存储支持服务"),
    ("5212", "商贸", "日用百货销售；食品销售（仅销售预包装食品）；五金产品零售；服装服饰零售"),
    ("6210", "餐饮管理", "餐饮服务（依法须经批准的项目,经相关部门批准后方可开展经营活动）"),
    ("4710", "建筑工程", "房屋建筑和市政基础设施项目工程总承包；建筑劳务分包；土石方工程施工"),
    ("4813", "市政工程", "市政道路工程施工；园林绿化工程施工；建筑材料销售"),
    ("5169", "化工", "化工产品销售（不含许可类化工产品）；专用化学产品销售；塑料制品销售"),
    ("7241", "财务咨询", "财务咨询；税务服务；代理记账；企业管理咨询"),
    ("0141", "农业发展", "蔬菜种植；农产品的生产、销售、加工、运输、贮藏；初级农产品收购"),
    ("0412", "水产养殖", "水产养殖；水产品批发；渔业加工废弃物综合利用"),
    ("3011", "建材", "水泥制品制造；水泥制品销售；砼结构构件制造"),
    ("3360", "金属制品", "金属表面处理及热处理加工；金属结构制造；机械零件、零部件加工"),
    ("6450", "网络科技", '互联网数据服务；网络技术服务；"互联网+"应用平台运营；广告设计、代理'),
    ("8010", "家政服务", "家政服务；养老服务；专业保洁、清洗、消毒服务"),
    ("5810", "物流", "道路货物运输（不含危险货物）；国际货物运输代理；装卸搬运；普通货物仓储服务"),
    ("7519", "技术服务", "技术服务、技术开发、技术咨询、技术交流、技术转让、技术推广"),
    ("5137", "电器", "家用电器销售；家用视听设备销售；家用电器安装服务；电子产品销售"),
    ("5299", "百货", "未列明的零售业；互联网销售（除销售需要许可的商品）；礼品花卉销售"),
    ("7299", "商务服务", "会议及展览服务；市场营销策划；社会经济咨询服务；办公服务"),
)

# Schools: stage name → words of the name; code digits are made of county and serial.
SCHOOL_WORDS = ("第一", "第二", "第三", "实验", "育才", "文昌", "滨湖", "育英", "光明", "新华", "东方", "希望")
COLLEGES = ("示例大学", "示例理工学院", "示例师范学院")
VOCATIONAL_COLLEGES = ("示例职业技术学院", "示例商贸职业学院")
