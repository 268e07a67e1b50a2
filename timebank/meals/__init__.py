"""老年助餐: menus, orders, rounds of delivery, and the meal that was not eaten."""
