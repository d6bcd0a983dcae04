"""The 63 provinces of Vietnam (as they were until mid 2025), each with the share of orders that its population suggests."""

# Rounded populations in tens of thousands, General Statistics Office of Vietnam, census of 2019.
VIETNAM_PROVINCES = {
    "Hà Nội": 805, "Hồ Chí Minh": 899, "Hải Phòng": 203, "Đà Nẵng": 113, "Cần Thơ": 124, "An Giang": 191, "Bà Rịa - Vũng Tàu": 115,
    "Bắc Giang": 180, "Bắc Kạn": 31, "Bạc Liêu": 91, "Bắc Ninh": 137, "Bến Tre": 129, "Bình Định": 149, "Bình Dương": 243,
    "Bình Phước": 99, "Bình Thuận": 123, "Cà Mau": 119, "Cao Bằng": 53, "Đắk Lắk": 187, "Đắk Nông": 62, "Điện Biên": 60,
    "Đồng Nai": 310, "Đồng Tháp": 160, "Gia Lai": 151, "Hà Giang": 85, "Hà Nam": 85, "Hà Tĩnh": 129, "Hải Dương": 189,
    "Hậu Giang": 73, "Hòa Bình": 85, "Hưng Yên": 125, "Khánh Hòa": 123, "Kiên Giang": 172, "Kon Tum": 54, "Lai Châu": 46,
    "Lâm Đồng": 130, "Lạng Sơn": 78, "Lào Cai": 73, "Long An": 169, "Nam Định": 178, "Nghệ An": 333, "Ninh Bình": 98,
    "Ninh Thuận": 59, "Phú Thọ": 146, "Phú Yên": 96, "Quảng Bình": 90, "Quảng Nam": 150, "Quảng Ngãi": 123, "Quảng Ninh": 132,
    "Quảng Trị": 63, "Sóc Trăng": 120, "Sơn La": 125, "Tây Ninh": 117, "Thái Bình": 186, "Thái Nguyên": 129, "Thanh Hóa": 364,
    "Thừa Thiên Huế": 113, "Tiền Giang": 176, "Trà Vinh": 101, "Tuyên Quang": 78, "Vĩnh Long": 102, "Vĩnh Phúc": 115, "Yên Bái": 82,
}  # fmt: skip
