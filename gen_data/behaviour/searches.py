"""What visitors type who look for a product: Vietnamese, as people type it."""

import unicodedata

import numpy as np

from gen_data.behaviour.catalogue import NOUNS, product_nouns
from gen_data.randomness import Dice, IntArray

# Two common names of each noun.
_SEARCHED_AS = {
    "Smartphone": ("điện thoại", "điện thoại thông minh"),
    "Feature phone": ("điện thoại phím bấm", "điện thoại cho người già"),
    "Phone case": ("ốp lưng", "ốp điện thoại"),
    "Earbuds": ("tai nghe nhét tai", "tai nghe không dây"),
    "Headphones": ("tai nghe chụp tai", "tai nghe chống ồn"),
    "Bluetooth speaker": ("loa bluetooth", "loa mini"),
    "Tablet": ("máy tính bảng", "máy tính bảng học online"),
    "Keyboard": ("bàn phím", "bàn phím cơ"),
    "Monitor": ("màn hình máy tính", "màn hình 24 inch"),
    "Mouse": ("chuột không dây", "chuột máy tính"),
    "Rice cooker": ("nồi cơm điện", "nồi cơm điện mini"),
    "Blender": ("máy xay sinh tố", "máy xay đa năng"),
    "Frying pan": ("chảo chống dính", "chảo đáy từ"),
    "Kettle": ("ấm siêu tốc", "bình đun nước"),
    "Pillow": ("gối nằm", "ruột gối"),
    "Blanket": ("chăn mỏng", "chăn đông"),
    "Bed sheet": ("ga trải giường", "bộ ga gối"),
    "Mop": ("cây lau nhà", "chổi lau nhà"),
    "Detergent": ("nước giặt", "bột giặt"),
    "Vacuum bag": ("túi hút chân không", "túi đựng quần áo"),
    "Dress": ("váy nữ", "đầm dự tiệc"),
    "Blouse": ("áo kiểu nữ", "áo sơ mi nữ"),
    "Áo dài": ("áo dài", "áo dài cách tân"),
    "Handbag": ("túi xách nữ", "túi đeo chéo"),
    "Shirt": ("áo sơ mi nam", "áo thun nam"),
    "Trousers": ("quần tây nam", "quần kaki"),
    "Belt": ("thắt lưng nam", "dây nịt da"),
    "Jacket": ("áo khoác nam", "áo khoác gió"),
    "Sneakers": ("giày thể thao", "giày sneaker"),
    "Sandals": ("dép sandal", "dép quai hậu"),
    "Running shoes": ("giày chạy bộ", "giày chạy bộ nam"),
    "Sunscreen": ("kem chống nắng", "kem chống nắng da dầu"),
    "Face wash": ("sữa rửa mặt", "sữa rửa mặt da mụn"),
    "Serum": ("serum", "serum vitamin c"),
    "Moisturizer": ("kem dưỡng ẩm", "kem dưỡng da"),
    "Lipstick": ("son môi", "son lì"),
    "Mascara": ("mascara", "chuốt mi"),
    "Powder": ("phấn phủ", "phấn nền"),
    "Coffee": ("cà phê", "cà phê hòa tan"),
    "Fish sauce": ("nước mắm", "nước mắm cá cơm"),
    "Green tea": ("trà xanh", "trà thái nguyên"),
    "Instant noodles": ("mì gói", "mì tôm"),
}


# How often a name is typed in each way, the first name of a noun twice as often as the second.
_WAYS = {"{name}": 15, "{plain}": 9, "{name} giá rẻ": 4, "{plain} gia re": 2, "{name} chính hãng": 2, "{name} loại nào tốt": 1}
_WEIGHTS = [2 * weight for weight in _WAYS.values()] + list(_WAYS.values())


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFD", text.replace("đ", "d")).encode("ascii", "ignore").decode()


# By noun, name and way; a text that has no accents to lose comes twice.
_TYPED = [way.format(name=name, plain=_without_accents(name)) for noun in NOUNS for name in _SEARCHED_AS[noun] for way in _WAYS]
SEARCH_TEXTS = tuple(dict.fromkeys(_TYPED))
_POSITIONS = np.array([SEARCH_TEXTS.index(text) for text in _TYPED])


def search_texts(dice: Dice, session_ids: IntArray, product_ids: IntArray) -> IntArray:
    """What somebody types who looks for each of these products: positions in SEARCH_TEXTS."""
    typed = product_nouns(dice, product_ids) * len(_WEIGHTS) + dice.choose("search text", session_ids, _WEIGHTS)
    found: IntArray = _POSITIONS[typed]
    return found
