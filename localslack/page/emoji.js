// A small set: what approval bots and their agents tend to use. Others stay as :name:.
export const EMOJI = Object.fromEntries(`
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ warning ⚠️ rotating_light 🚨
hourglass ⌛ hourglass_flowing_sand ⏳ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ pencil2 ✏️ pencil 📝 memo 📝 eyes 👀 lock 🔒 unlock 🔓 key 🔑
robot_face 🤖 tada 🎉 thumbsup 👍 +1 👍 thumbsdown 👎 -1 👎 no_entry ⛔ no_entry_sign 🚫 question ❓ grey_question ❔ exclamation ❗
information_source ℹ️ bell 🔔 no_bell 🔕 arrow_up ⬆️ arrow_down ⬇️ arrow_right ➡️ arrow_left ⬅️ arrow_forward ▶️ arrows_counterclockwise 🔄 repeat 🔁
moneybag 💰 money_with_wings 💸 credit_card 💳 dollar 💵 email 📧 e-mail 📧 envelope ✉️ incoming_envelope 📨 speech_balloon 💬 thought_balloon 💭 mag 🔍 gear ⚙️ wrench 🔧 hammer 🔨
hammer_and_wrench 🛠️ fire 🔥 rocket 🚀 bust_in_silhouette 👤 busts_in_silhouette 👥 large_green_circle 🟢 red_circle 🔴 large_yellow_circle 🟡
large_orange_circle 🟠 white_circle ⚪ black_circle ⚫ large_blue_circle 🔵 large_purple_circle 🟣 link 🔗 page_facing_up 📄 clipboard 📋 calendar 📅 date 📅 spiral_calendar_pad 🗓️
fast_forward ⏩ ballot_box_with_ballot 🗳️ heavy_minus_sign ➖ zzz 💤 stop_sign 🛑 octagonal_sign 🛑 octagonal_sign 🛑 raised_hand ✋ hand ✋ wave 👋 pray 🙏 bulb 💡 package 📦 chart_with_upwards_trend 📈 scales ⚖️ shield 🛡️ pushpin 📌
file_folder 📁 wastebasket 🗑️ computer 💻 globe_with_meridians 🌐 house 🏠 star ⭐ sparkles ✨ heart ❤️ smile 😄 slightly_smiling_face 🙂 thinking_face 🤔 sleeping 😴 zzz 💤
checkered_flag 🏁 leftwards_arrow_with_hook ↩️ palm_tree 🌴 bus 🚌 ledger 📒 receipt 🧾 bank 🏦 sos 🆘 new 🆕 ok 🆗 up 🆙 scroll 📜 inbox_tray 📥 outbox_tray 📤 mailbox 📫 construction 🚧 eject ⏏️ leftwards_arrow_with_hook ↩️
`.trim().split(/\s+/).reduce((pairs, word, i, all) => (i % 2 ? pairs : [...pairs, [word, all[i + 1]]]), []));
